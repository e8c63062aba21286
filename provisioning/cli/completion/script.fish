# Completion of `python -m provisioning` in fish.

function __provisioning_here
    set -l words (commandline -opc)
    test (count $words) -ge 3 -a "$words[2]" = -m -a "$words[3]" = provisioning
end

function __provisioning_offered
    set -l words (commandline -opc)
    set -l python (string replace -r '^~' $HOME -- $words[1])
    env _PROVISIONING_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(string join ' ' -- $words[3..] (commandline -ct) | string collect) \
        $python -m provisioning 2>/dev/null
end

for name in python python3 python3.{11,12,13,14}
    complete --command $name --condition __provisioning_here --arguments '(__provisioning_offered)'
end
