# Completion of `python -m provisioning` in zsh. After compinit.

_provisioning() {
    if [[ $CURRENT -gt 3 && $words[2] == -m && $words[3] == provisioning ]]; then
        eval "$(
            _TYPER_COMPLETE_ARGS="${(j: :)words[3,CURRENT]}" _PROVISIONING_COMPLETE=complete_zsh \
                ${~words[1]} -m provisioning 2>/dev/null
        )"
    else
        _python "$@"
    fi
}

compdef _provisioning python python3 python3.{11..14}
