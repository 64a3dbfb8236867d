function __iommuctl_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __iommuctl_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __iommuctl_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __iommuctl_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __iommuctl_parse_tokens -S
    set -l unparsed_tokens (__iommuctl_tokens -pc)
    switch $unparsed_tokens[1]
    case 'iommuctl'
        __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'status'
            __iommuctl_parse_subcommand 0 'watch' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'context'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'open'
                __iommuctl_parse_subcommand 1 'no-create' 'owner=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'list'
                __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'destroy'
                __iommuctl_parse_subcommand 1 'owner=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'object'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'list'
                __iommuctl_parse_subcommand 0 'kind=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'destroy'
                __iommuctl_parse_subcommand -r 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'ioas'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'alloc'
                __iommuctl_parse_subcommand 0 'advisory' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'list'
                __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'map'
                __iommuctl_parse_subcommand 1 'file=' 'size=' 'fd=' 'memory=' 'offset=' 'length=' 'iova=' 'read-only' 'write-only' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'copy'
                __iommuctl_parse_subcommand 3 'iova=' 'read-only' 'write-only' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'cost'
                __iommuctl_parse_subcommand 1 'file=' 'size=' 'fd=' 'memory=' 'offset=' 'length=' 'iova=' 'read-only' 'write-only' 'from=' 'range=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'unmap'
                __iommuctl_parse_subcommand 3 'all' 'wait=' 'force' 'unpin-own' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'areas'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'show'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'ranges'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'allow'
                __iommuctl_parse_subcommand -r 2 'any' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'reserve'
                __iommuctl_parse_subcommand -r 2 'release' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'option'
                __iommuctl_parse_subcommand 3 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'device'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'bind'
                __iommuctl_parse_subcommand 0 'name=' 'format=' 'page-size=+' 'aperture=' 'reserve=+' 'dirty-tracking' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'info'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'attach'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'detach'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'read'
                __iommuctl_parse_subcommand 3 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'write'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'hwpt'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'alloc'
                __iommuctl_parse_subcommand 2 'dirty-tracking' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'show'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'translate'
                __iommuctl_parse_subcommand 3 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'track'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'dirty'
                __iommuctl_parse_subcommand 2 'page-size=' 'keep' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'access'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'create'
                __iommuctl_parse_subcommand 1 'no-pins' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'replace'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'pin'
                __iommuctl_parse_subcommand -r 4 'write' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'unpin'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'read'
                __iommuctl_parse_subcommand 3 'map' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'write'
                __iommuctl_parse_subcommand 2 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'memory'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'list'
                __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'open'
                __iommuctl_parse_subcommand -r 2 'write' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'pages'
            __iommuctl_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'list'
                __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            case 'tiers'
                __iommuctl_parse_subcommand 1 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
            end
        case 'explain'
            __iommuctl_parse_subcommand 1 'ioas=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'metrics'
            __iommuctl_parse_subcommand 0 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'monitor'
            __iommuctl_parse_subcommand 0 'kind=+' 'everywhere' 'count=' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'call'
            __iommuctl_parse_subcommand 2 'fd=+' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'methods'
            __iommuctl_parse_subcommand 1 'markdown' 'j/json' 'q/quiet' 'no-legend' 'socket=' 'context=' 'version' 'h/help'
        case 'help'
            __iommuctl_parse_subcommand -r 1 'version'
        end
    end
end

function __iommuctl_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __iommuctl_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __iommuctl_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __iommuctl_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__iommuctl_tokens -p)
    if test -z "$(__iommuctl_tokens -t)"
        set -l index (count (__iommuctl_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'iommuctl' -f
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'status' -d 'Say whether the daemon answers, and what it holds.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'context' -d 'Named sets of objects.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'object' -d 'Objects of every kind.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'ioas' -d 'I/O address spaces.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'device' -d 'Emulated devices.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'hwpt' -d 'I/O page tables.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'access' -d 'The CPU\'s way into address spaces.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'memory' -d 'Memory that a context holds.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'pages' -d 'Slices of memory that maps made.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'explain' -d 'Follow one address to its memory and its frames, and say who holds it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'metrics' -d 'Print the daemon\'s counts in the text format of Prometheus.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'monitor' -d 'Print what happens in the context as it happens, one JSON object a line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'call' -d 'Call any method with parameters in JSON, and print its result as JSON.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'methods' -d 'List the methods that the daemon answers.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" watch' -l 'watch' -d 'Say it once a second, until interrupted; on a terminal in place.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl status" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl context" -eq 1' -fa 'open' -d 'Open a context, and make it where it does not exist.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl context" -eq 1' -fa 'list' -d 'List named contexts.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl context" -eq 1' -fa 'destroy' -d 'Destroy a context with everything in it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" no-create' -l 'no-create' -d 'Refuse where it does not exist.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" owner' -l 'owner' -d 'User whose context it is, for the admin role.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context open" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" owner' -l 'owner' -d 'User whose context it is, for the admin role.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl context destroy" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl object" -eq 1' -fa 'list' -d 'List the objects of the context.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl object" -eq 1' -fa 'destroy' -d 'Destroy objects that nothing stands on, one after the other.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" kind' -l 'kind' -d 'Only objects of this kind.' -rfka 'ioas device hwpt access memory pages'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl object destroy" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'alloc' -d 'Make an empty address space.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'list' -d 'List the address spaces of the context.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'map' -d 'Map memory into an address space, and print where.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'copy' -d 'Show a mapped range in another address space too, and print where.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'cost' -d 'Say what a map or a copy would pin and charge, without doing it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'unmap' -d 'Unmap the areas that lie wholly inside a range.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'areas' -d 'List and draw what is mapped in an address space.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'show' -d 'Draw an address space to scale: areas, holes and what is reserved.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'ranges' -d 'Say where an address space can be mapped, and how aligned.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'allow' -d 'Say where an address space may choose addresses itself.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'reserve' -d 'Take addresses of an address space out of use, or give them back.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas" -eq 1' -fa 'option' -d 'Set an option of an address space, or print it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" advisory' -l 'advisory' -d 'Pin nothing that it maps.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas alloc" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" file' -l 'file' -d 'Copy a file into memory, padded to whole pages; - is standard input.' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" size' -l 'size' -d 'Make fresh memory of this size.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" fd' -l 'fd' -d 'A memfd that this command was started with.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" memory' -l 'memory' -d 'Memory that the context holds.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" offset' -l 'offset' -d 'Where in --fd or --memory to begin. (default: 0)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" length' -l 'length' -d 'How much of --fd or --memory. (default: the rest)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" iova' -l 'iova' -d 'Where to map. (default: the daemon chooses)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" read-only' -l 'read-only' -d 'Devices may not write.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" write-only' -l 'write-only' -d 'Devices may not read.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas map" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" iova' -l 'iova' -d 'Where to map. (default: the daemon chooses)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" read-only' -l 'read-only' -d 'Devices may not write.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" write-only' -l 'write-only' -d 'Devices may not read.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas copy" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" file' -l 'file' -d 'Copy a file into memory, padded to whole pages; - is standard input.' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" size' -l 'size' -d 'Make fresh memory of this size.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" fd' -l 'fd' -d 'A memfd that this command was started with.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" memory' -l 'memory' -d 'Memory that the context holds.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" offset' -l 'offset' -d 'Where in --fd or --memory to begin. (default: 0)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" length' -l 'length' -d 'How much of --fd or --memory. (default: the rest)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" iova' -l 'iova' -d 'Where to map. (default: the daemon chooses)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" read-only' -l 'read-only' -d 'Devices may not write.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" write-only' -l 'write-only' -d 'Devices may not read.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" from' -l 'from' -d 'Address space that a copy would show a range of.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" range' -l 'range' -d 'What of it: FIRST-LAST, or FIRST+LENGTH.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas cost" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" all' -l 'all' -d 'Unmap everything.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" wait' -l 'wait' -d 'How long to wait for others, as 500ms or 5s, at most 60s; 0 does not wait. (default: 1s)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" force' -l 'force' -d 'End the pins of others at once. What they have mapped in their own memory stays theirs.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" unpin-own' -l 'unpin-own' -d 'Drop pins of this very connection.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas unmap" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas areas" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas ranges" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" any' -l 'any' -d 'Allow all addresses again.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas allow" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" release' -l 'release' -d 'Give back ranges that were reserved exactly so.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas reserve" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl ioas option" -eq 1' -fka 'huge_pages'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl ioas option" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'bind' -d 'Make an emulated device, not attached to anything.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'info' -d 'Show what a device is, and what translates for it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'attach' -d 'Let a device see an address space.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'detach' -d 'Take a device\'s address space away; its DMA faults from then on.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'read' -d 'Read memory as the device would, and write it to standard output.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl device" -eq 1' -fa 'write' -d 'Write standard input to memory as the device would.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" name' -l 'name' -d 'Name, for people.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" format' -l 'format' -d 'Format of its page table.' -rfka 'vtd flat'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind"' -l 'page-size' -d 'Size of leaves; give it once for each. (default: the format\'s)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" aperture' -l 'aperture' -d 'Addresses that it can use. (default: the format\'s)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind"' -l 'reserve' -d 'Addresses that it keeps for itself; may be given often.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" dirty-tracking' -l 'dirty-tracking' -d 'Its page tables can tell what it writes.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device bind" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device info" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device attach" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device detach" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device read" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl device write" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt" -eq 1' -fa 'alloc' -d 'Make a page table by itself, filled with what is mapped.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt" -eq 1' -fa 'show' -d 'Show and draw the levels and page sizes of a page table.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt" -eq 1' -fa 'translate' -d 'Show the frames that a page table holds for a range.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt" -eq 1' -fa 'track' -d 'Begin or end to note what devices write through a page table.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt" -eq 1' -fa 'dirty' -d 'Show which pages devices have written, and clear what was shown.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" dirty-tracking' -l 'dirty-tracking' -d 'It can tell what devices write.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt alloc" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt translate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl hwpt track" -eq 1' -fka 'on off'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt track" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" page-size' -l 'page-size' -d 'Size of the pages that are shown.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" keep' -l 'keep' -d 'Clear nothing.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl hwpt dirty" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'create' -d 'Make an access to an address space.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'replace' -d 'Turn an access that holds no pins to another address space.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'pin' -d 'Pin mapped memory for as long as this command runs.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'unpin' -d 'Give a pin back that a connection of this context holds.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'read' -d 'Read mapped memory, and write it to standard output.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl access" -eq 1' -fa 'write' -d 'Write standard input to mapped memory.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" no-pins' -l 'no-pins' -d 'It will never pin, so what is mapped need not be page-aligned.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access create" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access replace" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" write' -l 'write' -d 'Pin for writing too.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access pin" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access unpin" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" map' -l 'map' -d 'Pin the range and map its memory here, rather than have the daemon copy it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access read" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl access write" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl memory" -eq 1' -fa 'list' -d 'List the memory that the context holds.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl memory" -eq 1' -fa 'open' -d 'Get a descriptor of memory, and run a command with it.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" write' -l 'write' -d 'For writing too.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl memory open" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl pages" -eq 1' -fa 'list' -d 'List the slices of memory that maps made.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_positional "iommuctl pages" -eq 1' -fa 'tiers' -d 'Show and draw where the frame numbers of pages are held.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl pages tiers" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" ioas' -l 'ioas' -d 'Address space. (default: all that map the address)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl explain" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl metrics" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor"' -l 'kind' -d 'Only events of this kind; may be given often.' -rfka 'access.unmap_requested pin.revoked dma.fault context.destroyed'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" everywhere' -l 'everywhere' -d 'Watch every context, on an observer\'s or the admin\'s socket.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" count' -l 'count' -d 'End after so many events.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl monitor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call"' -l 'fd' -d 'Pass a descriptor that this command was started with; may be given often.' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl call" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" markdown' -l 'markdown' -d 'Print the reference of this program\'s version, without asking a daemon.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" j json' -s 'j' -l 'json' -d 'Print one JSON object, with lists under `items`.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" q quiet' -s 'q' -l 'quiet' -d 'Print ids only, one per line.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" no-legend' -l 'no-legend' -d 'Print tables without headings and pictures.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" socket' -l 'socket' -d 'Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user\'s instance, the system\'s)' -rF
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" context' -l 'context' -d 'Context to work in; \'\' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)' -rfka ''
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" version' -l 'version' -d 'Show the version.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl methods" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'iommuctl' -n '__iommuctl_should_offer_completions_for_flags_or_options "iommuctl help" version' -l 'version' -d 'Show the version.'
