#compdef iommuctl

__iommuctl_complete() {
    local -ar non_empty_completions=("${@:#(|:*)}")
    local -ar empty_completions=("${(M)@:#(|:*)}")
    _describe -V '' non_empty_completions -- empty_completions -P $'\'\''
}

__iommuctl_custom_complete() {
    local -a completions
    completions=("${(@f)"$("${command_name}" "${@}" "${command_line[@]}")"}")
    if [[ "${#completions[@]}" -gt 1 ]]; then
        __iommuctl_complete "${completions[@]:0:-1}"
    fi
}

__iommuctl_cursor_index_in_current_word() {
    if [[ -z "${QIPREFIX}${IPREFIX}${PREFIX}" ]]; then
        printf 0
    else
        printf %s "${#${(z)LBUFFER}[-1]}"
    fi
}

_iommuctl() {
    emulate -RL zsh -G
    setopt extendedglob nullglob numericglobsort
    unsetopt aliases banghist

    local -xr SAP_SHELL=zsh
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(builtin emulate zsh -c 'printf %s "${ZSH_VERSION}"')"
    local -r SAP_SHELL_VERSION

    local context state state_descr line
    local -A opt_args

    local -r command_name="${words[1]}"
    local -ar command_line=("${words[@]}")
    local -ir current_word_index="$((CURRENT - 1))"

    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'status:Say whether the daemon answers, and what it holds.'
            'context:Named sets of objects.'
            'object:Objects of every kind.'
            'ioas:I/O address spaces.'
            'device:Emulated devices.'
            'hwpt:I/O page tables.'
            'access:The CPU'\''s way into address spaces.'
            'memory:Memory that a context holds.'
            'pages:Slices of memory that maps made.'
            'explain:Follow one address to its memory and its frames, and say who holds it.'
            'metrics:Print the daemon'\''s counts in the text format of Prometheus.'
            'monitor:Print what happens in the context as it happens, one JSON object a line.'
            'replay:Run what `iommud --trace` has recorded again, and print what is answered differently.'
            'call:Call any method with parameters in JSON, and print its result as JSON.'
            'methods:List the methods that the daemon answers.'
            'help:Show subcommand help information.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        status|context|object|ioas|device|hwpt|access|memory|pages|explain|metrics|monitor|replay|call|methods|help)
            "_iommuctl_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_status() {
    local -i ret=1
    local -ar arg_specs=(
        '--watch[Say it once a second, until interrupted; on a terminal in place.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_context() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'open:Open a context, and make it where it does not exist.'
            'list:List named contexts.'
            'destroy:Destroy a context with everything in it.'
            'option:Set options of a context, while it is empty, or print them.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        open|list|destroy|option)
            "_iommuctl_context_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_context_open() {
    local -i ret=1
    local -ar arg_specs=(
        ':name:'
        '--no-create[Refuse where it does not exist.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_context_list() {
    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_context_destroy() {
    local -i ret=1
    local -ar arg_specs=(
        ':name:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_context_option() {
    local -i ret=1
    local -ar ___rlimit_mode=('user' 'process')
    local -ar ___frames=('bus' 'fragmented' 'physical')
    local -ar arg_specs=(
        '--rlimit-mode[Whose pins are counted together\: user or process; for the admin role.]:rlimit-mode:{__iommuctl_complete "${___rlimit_mode[@]}"}'
        '--frames[Which frame numbers pages have\: bus, fragmented (for tests) or physical.]:frames:{__iommuctl_complete "${___frames[@]}"}'
        '*:command:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_object() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List the objects of the context.'
            'destroy:Destroy objects that nothing stands on, one after the other.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|destroy)
            "_iommuctl_object_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_object_list() {
    local -i ret=1
    local -ar ___kind=('ioas' 'device' 'hwpt' 'access' 'memory' 'pages')
    local -ar arg_specs=(
        '--kind[Only objects of this kind.]:kind:{__iommuctl_complete "${___kind[@]}"}'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_object_destroy() {
    local -i ret=1
    local -ar arg_specs=(
        '*:id:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'alloc:Make an empty address space.'
            'list:List the address spaces of the context.'
            'map:Map memory into an address space, and print where.'
            'copy:Show a mapped range in another address space too, and print where.'
            'cost:Say what a map or a copy would pin and charge, without doing it.'
            'unmap:Unmap the areas that lie wholly inside a range.'
            'areas:List and draw what is mapped in an address space.'
            'show:Draw an address space to scale: areas, holes and what is reserved.'
            'ranges:Say where an address space can be mapped, and how aligned.'
            'allow:Say where an address space may choose addresses itself.'
            'reserve:Take addresses of an address space out of use, or give them back.'
            'option:Set an option of an address space, or print it.'
            'repin:Pin the memory of degraded areas again, which a restart of the daemon could not.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        alloc|list|map|copy|cost|unmap|areas|show|ranges|allow|reserve|option|repin)
            "_iommuctl_ioas_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_ioas_alloc() {
    local -i ret=1
    local -ar arg_specs=(
        '--advisory[Pin nothing that it maps.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_list() {
    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_map() {
    local -i ret=1
    local -ar ___hugepages=('none' 'transparent' '2M' '1G')
    local -ar arg_specs=(
        ':ioas:'
        '--file[Copy a file into memory, padded to whole pages; - is standard input.]:path:_files'
        '--size[Make fresh memory of this size.]:size:'
        '--hugepages[What pages --size is made of\: none, transparent, 2M or 1G. (default\: none)]:hugepages:{__iommuctl_complete "${___hugepages[@]}"}'
        '--fd[A memfd that this command was started with.]:number:'
        '--memory[Memory that the context holds.]:id:'
        '--source[Memory that the context holds, and where in it to begin.]:memory\:id\[+bytes\]:'
        '--process[Memory of a process, which this command has to be allowed to open.]:pid@address:'
        '--offset[Where in --fd or --memory to begin. (default\: 0)]:bytes:'
        '--length[How much of --fd, --memory, --source or --process. (default\: the rest)]:bytes:'
        '--iova[Where to map. (default\: the daemon chooses)]:address:'
        '--read-only[Devices may not write.]'
        '--write-only[Devices may not read.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_copy() {
    local -i ret=1
    local -ar arg_specs=(
        ':source:'
        ':range:'
        ':target:'
        '--iova[Where to map. (default\: the daemon chooses)]:address:'
        '--read-only[Devices may not write.]'
        '--write-only[Devices may not read.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_cost() {
    local -i ret=1
    local -ar ___hugepages=('none' 'transparent' '2M' '1G')
    local -ar arg_specs=(
        ':ioas:'
        '--file[Copy a file into memory, padded to whole pages; - is standard input.]:path:_files'
        '--size[Make fresh memory of this size.]:size:'
        '--hugepages[What pages --size is made of\: none, transparent, 2M or 1G. (default\: none)]:hugepages:{__iommuctl_complete "${___hugepages[@]}"}'
        '--fd[A memfd that this command was started with.]:number:'
        '--memory[Memory that the context holds.]:id:'
        '--source[Memory that the context holds, and where in it to begin.]:memory\:id\[+bytes\]:'
        '--process[Memory of a process, which this command has to be allowed to open.]:pid@address:'
        '--offset[Where in --fd or --memory to begin. (default\: 0)]:bytes:'
        '--length[How much of --fd, --memory, --source or --process. (default\: the rest)]:bytes:'
        '--iova[Where to map. (default\: the daemon chooses)]:address:'
        '--read-only[Devices may not write.]'
        '--write-only[Devices may not read.]'
        '--from[Address space that a copy would show a range of.]:ioas:'
        '--range[What of it\: FIRST-LAST, or FIRST+LENGTH.]:range:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_unmap() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        ':range:'
        ':length:'
        '--all[Unmap everything.]'
        '--wait[How long to wait for others, as 500ms or 5s, at most 60s; 0 does not wait. (default\: 1s)]:time:'
        '--force[End the pins of others at once. What they have mapped in their own memory stays theirs.]'
        '--unpin-own[Drop pins of this very connection.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_areas() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_show() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_ranges() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_allow() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '*:range:'
        '--any[Allow all addresses again.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_reserve() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '*:range:'
        '--release[Give back ranges that were reserved exactly so.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_option() {
    local -i ret=1
    local -ar _name=('huge_pages')
    local -ar arg_specs=(
        ':ioas:'
        ':name:{__iommuctl_complete "${_name[@]}"}'
        ':value:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_ioas_repin() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'bind:Make an emulated device, not attached to anything.'
            'info:Show what a device is, and what translates for it.'
            'attach:Let a device see an address space.'
            'detach:Take a device'\''s address space away; its DMA faults from then on.'
            'read:Read memory as the device would, and write it to standard output.'
            'write:Write standard input to memory as the device would.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        bind|info|attach|detach|read|write)
            "_iommuctl_device_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_device_bind() {
    local -i ret=1
    local -ar ___format=('vtd' 'flat')
    local -ar arg_specs=(
        '--name[Name, for people.]:name:'
        '--format[Format of its page table.]:format:{__iommuctl_complete "${___format[@]}"}'
        '*--page-size[Size of leaves; give it once for each. (default\: the format'\''s)]:page-size:'
        '--aperture[Addresses that it can use. (default\: the format'\''s)]:range:'
        '*--reserve[Addresses that it keeps for itself; may be given often.]:range:'
        '--dirty-tracking[Its page tables can tell what it writes.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device_info() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device_attach() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        ':to:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device_detach() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device_read() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        ':range:'
        ':length:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_device_write() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        ':iova:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_hwpt() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'alloc:Make a page table by itself, filled with what is mapped.'
            'show:Show and draw the levels and page sizes of a page table.'
            'translate:Show the frames that a page table holds for a range.'
            'track:Begin or end to note what devices write through a page table.'
            'dirty:Show which pages devices have written, and clear what was shown.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        alloc|show|translate|track|dirty)
            "_iommuctl_hwpt_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_hwpt_alloc() {
    local -i ret=1
    local -ar arg_specs=(
        ':device:'
        ':ioas:'
        '--dirty-tracking[It can tell what devices write.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_hwpt_show() {
    local -i ret=1
    local -ar arg_specs=(
        ':hwpt:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_hwpt_translate() {
    local -i ret=1
    local -ar arg_specs=(
        ':hwpt:'
        ':range:'
        ':length:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_hwpt_track() {
    local -i ret=1
    local -ar _state=('on' 'off')
    local -ar arg_specs=(
        ':hwpt:'
        ':state:{__iommuctl_complete "${_state[@]}"}'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_hwpt_dirty() {
    local -i ret=1
    local -ar arg_specs=(
        ':hwpt:'
        ':range:'
        '--page-size[Size of the pages that are shown.]:page-size:'
        '--keep[Clear nothing.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'create:Make an access to an address space.'
            'replace:Turn an access that holds no pins to another address space.'
            'pin:Pin mapped memory for as long as this command runs.'
            'unpin:Give a pin back that a connection of this context holds.'
            'read:Read mapped memory, and write it to standard output.'
            'write:Write standard input to mapped memory.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        create|replace|pin|unpin|read|write)
            "_iommuctl_access_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_access_create() {
    local -i ret=1
    local -ar arg_specs=(
        ':ioas:'
        '--no-pins[It will never pin, so what is mapped need not be page-aligned.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access_replace() {
    local -i ret=1
    local -ar arg_specs=(
        ':access:'
        ':ioas:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access_pin() {
    local -i ret=1
    local -ar arg_specs=(
        ':access:'
        ':range:'
        ':length:'
        '--write[Pin for writing too.]'
        '*:command:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access_unpin() {
    local -i ret=1
    local -ar arg_specs=(
        ':access:'
        ':pin:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access_read() {
    local -i ret=1
    local -ar arg_specs=(
        ':access:'
        ':range:'
        ':length:'
        '--map[Pin the range and map its memory here, rather than have the daemon copy it.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_access_write() {
    local -i ret=1
    local -ar arg_specs=(
        ':access:'
        ':iova:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_memory() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List the memory that the context holds.'
            'show:Say all about one memory, and which slices maps made of it.'
            'open:Get a descriptor of memory, and run a command with it.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|show|open)
            "_iommuctl_memory_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_memory_list() {
    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_memory_show() {
    local -i ret=1
    local -ar arg_specs=(
        ':memory:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_memory_open() {
    local -i ret=1
    local -ar arg_specs=(
        ':memory:'
        '--write[For writing too.]'
        '*:command:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_pages() {
    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List the slices of memory that maps made.'
            'tiers:Show and draw where the frame numbers of pages are held.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|tiers)
            "_iommuctl_pages_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_iommuctl_pages_list() {
    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_pages_tiers() {
    local -i ret=1
    local -ar arg_specs=(
        ':pages:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_explain() {
    local -i ret=1
    local -ar arg_specs=(
        ':iova:'
        '--ioas[Address space. (default\: all that map the address)]:id:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_metrics() {
    local -i ret=1
    local -ar arg_specs=(
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_monitor() {
    local -i ret=1
    local -ar ___kind=('access.unmap_requested' 'pin.revoked' 'dma.fault' 'context.destroyed' 'context.degraded' 'context.frames_changed')
    local -ar arg_specs=(
        '*--kind[Only events of this kind; may be given often.]:kind:{__iommuctl_complete "${___kind[@]}"}'
        '--everywhere[Watch every context, on an observer'\''s or the admin'\''s socket.]'
        '--count[End after so many events.]:number:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_replay() {
    local -i ret=1
    local -ar arg_specs=(
        ':file:_files'
        '*--at[Socket for connections that came by that of this role, `admin` or `observer`; may be given often.]:role\:path:'
        '--wait[How much later than in the trace an answer may come, such as 500ms or 5s. (default\: 10s)]:time:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_call() {
    local -i ret=1
    local -ar arg_specs=(
        ':method:'
        ':params:'
        '*--fd[Pass a descriptor that this command was started with; may be given often.]:number:'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_methods() {
    local -i ret=1
    local -ar arg_specs=(
        ':method:'
        '--markdown[Print the reference of this program'\''s version, without asking a daemon.]'
        '(-j --json)'{-j,--json}'[Print one JSON object, with lists under `items`.]'
        '(-q --quiet)'{-q,--quiet}'[Print ids only, one per line.]'
        '--no-legend[Print tables without headings and pictures.]'
        '--socket[Socket of the daemon. (default\: $IOMMUD_SOCKET, that of the user'\''s instance, the system'\''s)]:path:_files'
        '--context[Context to work in; '\'''\'' is one that ends with the command. (default\: $IOMMUCTL_CONTEXT, default)]:name:'
        '--persist[Have the context survive the daemon, where it does not exist yet.]'
        '--owner[User whose context it is, for the admin role.]:uid:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_iommuctl_help() {
    local -i ret=1
    local -ar arg_specs=(
        '*:subcommands:'
        '--version[Show the version.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

if [[ "${funcstack[1]}" = _iommuctl ]]; then
    _iommuctl "${@}"
else
    compdef _iommuctl iommuctl
fi
