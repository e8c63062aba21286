# Completion of `python -m provisioning` in bash 4.4 or later.

_provisioning() {
    if ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[1]} == -m && ${COMP_WORDS[2]} == provisioning ]]; then
        local IFS=$'\n'
        COMPREPLY=($(
            COMP_WORDS="${COMP_WORDS[*]:2}" COMP_CWORD=$((COMP_CWORD - 2)) \
                _PROVISIONING_COMPLETE=complete_bash \
                "${COMP_WORDS[0]/#\~/$HOME}" -m provisioning 2>/dev/null
        ))
    elif [[ -n $_provisioning_before ]]; then
        "$_provisioning_before" "$@"
    fi
}

_provisioning_take_over() {
    # What bash-completion has for python goes on in all other cases.
    declare -F _comp_load >/dev/null && _comp_load python
    declare -F _completion_loader >/dev/null && _completion_loader python
    if [[ $(complete -p python 2>/dev/null) =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _provisioning ]]; then
        _provisioning_before=${BASH_REMATCH[1]}
    fi
    complete -o bashdefault -o default -F _provisioning python python3 python3.{11..14}
}

_provisioning_take_over
unset -f _provisioning_take_over
