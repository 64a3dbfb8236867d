#!/bin/bash

__iommuctl_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__iommuctl_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__iommuctl_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__iommuctl_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_iommuctl() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    status|context|object|ioas|device|hwpt|access|memory|pages|explain|metrics|monitor|replay|call|methods|help)
        # Offer subcommand argument completions
        "_iommuctl_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'status context object ioas device hwpt access memory pages explain metrics monitor replay call methods help' -- "${cur}"))
        ;;
    esac
}

_iommuctl_status() {
    repeating_flags=()
    non_repeating_flags=(--watch -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_context() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    open|list|destroy|option)
        # Offer subcommand argument completions
        "_iommuctl_context_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'open list destroy option' -- "${cur}"))
        ;;
    esac
}

_iommuctl_context_open() {
    repeating_flags=()
    non_repeating_flags=(--no-create -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_context_list() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_context_destroy() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_context_option() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--rlimit-mode --frames --socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--rlimit-mode')
        __iommuctl_add_completions -W 'user'$'\n''process'
        return
        ;;
    '--frames')
        __iommuctl_add_completions -W 'bus'$'\n''fragmented'$'\n''physical'
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_object() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|destroy)
        # Offer subcommand argument completions
        "_iommuctl_object_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list destroy' -- "${cur}"))
        ;;
    esac
}

_iommuctl_object_list() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--kind --socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--kind')
        __iommuctl_add_completions -W 'ioas'$'\n''device'$'\n''hwpt'$'\n''access'$'\n''memory'$'\n''pages'
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_object_destroy() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    alloc|list|map|copy|cost|unmap|areas|show|ranges|allow|reserve|option|repin)
        # Offer subcommand argument completions
        "_iommuctl_ioas_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'alloc list map copy cost unmap areas show ranges allow reserve option repin' -- "${cur}"))
        ;;
    esac
}

_iommuctl_ioas_alloc() {
    repeating_flags=()
    non_repeating_flags=(--advisory -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_list() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_map() {
    repeating_flags=()
    non_repeating_flags=(--read-only --write-only -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--file --size --hugepages --fd --memory --source --process --offset --length --iova --socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--file')
        __iommuctl_add_completions -f
        return
        ;;
    '--size')
        return
        ;;
    '--hugepages')
        __iommuctl_add_completions -W 'none'$'\n''transparent'$'\n''2M'$'\n''1G'
        return
        ;;
    '--fd')
        return
        ;;
    '--memory')
        return
        ;;
    '--source')
        return
        ;;
    '--process')
        return
        ;;
    '--offset')
        return
        ;;
    '--length')
        return
        ;;
    '--iova')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_copy() {
    repeating_flags=()
    non_repeating_flags=(--read-only --write-only -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--iova --socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--iova')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_cost() {
    repeating_flags=()
    non_repeating_flags=(--read-only --write-only -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--file --size --hugepages --fd --memory --source --process --offset --length --iova --from --range --socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--file')
        __iommuctl_add_completions -f
        return
        ;;
    '--size')
        return
        ;;
    '--hugepages')
        __iommuctl_add_completions -W 'none'$'\n''transparent'$'\n''2M'$'\n''1G'
        return
        ;;
    '--fd')
        return
        ;;
    '--memory')
        return
        ;;
    '--source')
        return
        ;;
    '--process')
        return
        ;;
    '--offset')
        return
        ;;
    '--length')
        return
        ;;
    '--iova')
        return
        ;;
    '--from')
        return
        ;;
    '--range')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_unmap() {
    repeating_flags=()
    non_repeating_flags=(--all --force --unpin-own -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--wait --socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--wait')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_areas() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_show() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_ranges() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_allow() {
    repeating_flags=()
    non_repeating_flags=(--any -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_reserve() {
    repeating_flags=()
    non_repeating_flags=(--release -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_ioas_option() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    2)
        __iommuctl_add_completions -W 'huge_pages'
        return
        ;;
    esac
}

_iommuctl_ioas_repin() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    bind|info|attach|detach|read|write)
        # Offer subcommand argument completions
        "_iommuctl_device_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'bind info attach detach read write' -- "${cur}"))
        ;;
    esac
}

_iommuctl_device_bind() {
    repeating_flags=()
    non_repeating_flags=(--dirty-tracking -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=(--page-size --reserve)
    non_repeating_options=(--name --format --aperture --socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--format')
        __iommuctl_add_completions -W 'vtd'$'\n''flat'
        return
        ;;
    '--page-size')
        return
        ;;
    '--aperture')
        return
        ;;
    '--reserve')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device_info() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device_attach() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device_detach() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device_read() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_device_write() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_hwpt() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    alloc|show|translate|track|dirty)
        # Offer subcommand argument completions
        "_iommuctl_hwpt_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'alloc show translate track dirty' -- "${cur}"))
        ;;
    esac
}

_iommuctl_hwpt_alloc() {
    repeating_flags=()
    non_repeating_flags=(--dirty-tracking -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_hwpt_show() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_hwpt_translate() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_hwpt_track() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    2)
        __iommuctl_add_completions -W 'on'$'\n''off'
        return
        ;;
    esac
}

_iommuctl_hwpt_dirty() {
    repeating_flags=()
    non_repeating_flags=(--keep -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--page-size --socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--page-size')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|replace|pin|unpin|read|write)
        # Offer subcommand argument completions
        "_iommuctl_access_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create replace pin unpin read write' -- "${cur}"))
        ;;
    esac
}

_iommuctl_access_create() {
    repeating_flags=()
    non_repeating_flags=(--no-pins -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access_replace() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access_pin() {
    repeating_flags=()
    non_repeating_flags=(--write -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access_unpin() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access_read() {
    repeating_flags=()
    non_repeating_flags=(--map -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_access_write() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_memory() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|show|open)
        # Offer subcommand argument completions
        "_iommuctl_memory_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list show open' -- "${cur}"))
        ;;
    esac
}

_iommuctl_memory_list() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_memory_show() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_memory_open() {
    repeating_flags=()
    non_repeating_flags=(--write -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_pages() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|tiers)
        # Offer subcommand argument completions
        "_iommuctl_pages_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list tiers' -- "${cur}"))
        ;;
    esac
}

_iommuctl_pages_list() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_pages_tiers() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_explain() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--ioas --socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--ioas')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_metrics() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_monitor() {
    repeating_flags=()
    non_repeating_flags=(--everywhere -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=(--kind)
    non_repeating_options=(--count --socket --context --owner)
    __iommuctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--kind')
        __iommuctl_add_completions -W 'access.unmap_requested'$'\n''pin.revoked'$'\n''dma.fault'$'\n''context.destroyed'$'\n''context.degraded'$'\n''context.frames_changed'
        return
        ;;
    '--count')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_replay() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=(--at)
    non_repeating_options=(--wait --socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--at')
        return
        ;;
    '--wait')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __iommuctl_add_completions -f
        return
        ;;
    esac
}

_iommuctl_call() {
    repeating_flags=()
    non_repeating_flags=(-j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=(--fd)
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--fd')
        return
        ;;
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_methods() {
    repeating_flags=()
    non_repeating_flags=(--markdown -j --json -q --quiet --no-legend --persist --version -h --help)
    repeating_options=()
    non_repeating_options=(--socket --context --owner)
    __iommuctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--socket')
        __iommuctl_add_completions -f
        return
        ;;
    '--context')
        return
        ;;
    '--owner')
        return
        ;;
    esac
}

_iommuctl_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __iommuctl_offer_flags_options -1
}

complete -o filenames -F _iommuctl iommuctl
