#include "tools/commands/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

namespace tool {
namespace {

using Words = std::vector<std::string>;

struct Option {
    Words names; ///< "-h", "--help"
    std::string description;
    bool takes_value;
    Words values; ///< empty: any
};

struct Command {
    std::string name;
    std::string description;
    std::vector<Option> options;
};

/// The words that an option takes, as far as they are few.
Words values_of(const CLI::Option& option) {
    const std::string name = option.get_name();
    if (name == "--profile")
        return {"bare", "classic", "hardened", "modern"};
    if (name == "--interface")
        return {"native", "eager", "lazy"};
    if (name == "--machine")
        return {"bochs", "kvm"};
    if (name == "--protect" && option.get_items_expected_max() != 0)
        return {"on", "off"};
    return {};
}

Option describe(const CLI::Option& option) {
    Words names;
    for (const std::string& name : option.get_snames())
        names.push_back('-' + name);
    for (const std::string& name : option.get_lnames())
        names.push_back("--" + name);
    return {names, option.get_description(), option.get_items_expected_max() != 0,
            values_of(option)};
}

Command describe(const CLI::App& application) {
    Command command{application.get_name(), application.get_description(), {}};
    for (const CLI::Option* const option : application.get_options())
        if (!option->get_positional())
            command.options.push_back(describe(*option));
    return command;
}

std::vector<Command> commands_of(const CLI::App& application) {
    std::vector<Command> commands;
    for (const CLI::App* const command : application.get_subcommands({}))
        commands.push_back(describe(*command));
    return commands;
}

Words names_of(const std::vector<Command>& commands) {
    Words names;
    for (const Command& command : commands)
        names.push_back(command.name);
    return names;
}

/// In single quotes, for every one of the shells.
std::string in_quotes(std::string_view text) {
    std::string result = "'";
    for (const char character : text)
        result += character == '\'' ? std::string("'\\''") : std::string(1, character);
    return result + '\'';
}

std::string bash_script(const std::vector<Command>& commands) {
    std::string values;
    std::string options;
    for (const Command& command : commands) {
        Words names;
        for (const Option& option : command.options) {
            names.insert(names.end(), option.names.begin(), option.names.end());
            if (!option.values.empty()) {
                values +=
                    fmt::format("    '{} {}') COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n",
                                command.name, option.names.back(), fmt::join(option.values, " "));
            }
        }
        options += fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(names, " "));
    }
    return fmt::format(
        R"(# Completion of lazyhv for bash: source it, or put it where bash-completion looks.
_lazyhv() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} words='{}'
    COMPREPLY=()
    case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD - 1]}}" in
{}    esac
    [ ${{#COMPREPLY[@]}} -eq 0 ] || return
    [ "$COMP_CWORD" -eq 1 ] || case ${{COMP_WORDS[1]}} in
{}    esac
    if [ "$COMP_CWORD" -eq 1 ] || [ "${{cur:0:1}}" = - ]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    else
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}}
complete -o filenames -F _lazyhv lazyhv ./lazyhv
)",
        fmt::join(names_of(commands), " "), values, options);
}

/// "'--profile[what the monitor owns]:value:(bare classic)'".
std::string zsh_argument(const Option& option, const std::string& name) {
    std::string description;
    for (const char character : option.description)
        description +=
            std::string(character == '[' || character == ']' || character == ':', '\\') + character;
    std::string argument = fmt::format("{}[{}]", name, description);
    if (option.takes_value) {
        argument += option.values.empty()
                        ? ":value:_files"
                        : fmt::format(":value:({})", fmt::join(option.values, " "));
    }
    return in_quotes(argument);
}

std::string zsh_script(const std::vector<Command>& commands) {
    std::string names;
    std::string cases;
    for (const Command& command : commands) {
        names += fmt::format("        {}\n", in_quotes(command.name + ':' + command.description));
        std::string arguments;
        for (const Option& option : command.options)
            for (const std::string& name : option.names)
                arguments += fmt::format(" \\\n            {}", zsh_argument(option, name));
        cases += fmt::format(
            "    {})\n        _arguments{} \\\n            '*:file:_files'\n        ;;\n",
            command.name, arguments);
    }
    return fmt::format(R"(#compdef lazyhv
# Completion of lazyhv for zsh: put it into a folder of $fpath, as _lazyhv.
_lazyhv() {{
    local -a commands=(
{}    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
{}    esac
}}
_lazyhv "$@"
)",
                       names, cases);
}

std::string fish_script(const std::vector<Command>& commands) {
    std::string text = "# Completion of lazyhv for fish: put it into ~/.config/fish/completions.\n";
    for (const Command& command : commands) {
        text += fmt::format("complete -c lazyhv -n __fish_use_subcommand -f -a {} -d {}\n",
                            command.name, in_quotes(command.description));
        for (const Option& option : command.options) {
            text +=
                fmt::format("complete -c lazyhv -n '__fish_seen_subcommand_from {}'", command.name);
            for (const std::string& name : option.names)
                text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (!option.values.empty())
                text += fmt::format(" -x -a '{}'", fmt::join(option.values, " "));
            else if (option.takes_value)
                text += " -r";
            text += fmt::format(" -d {}\n", in_quotes(option.description));
        }
    }
    return text;
}

} // namespace

std::string completion_script(const CLI::App& application, std::string_view shell) {
    const std::vector<Command> commands = commands_of(application);
    if (shell == "bash")
        return bash_script(commands);
    return shell == "zsh" ? zsh_script(commands) : fish_script(commands);
}

} // namespace tool
