// Completion for fish.

import { completedCommands, completedGlobals, type CompletedFlag, eachFlag, SIGNALS } from "./model.js";

/** In: the name that runt is called by. Out: a script for fish. */
export function fishCompletion(program: string): string {
  const name = `__${program.replace(/\W/g, "_")}`;
  const commands = completedCommands();
  const line = (condition: string, rest: string) => `complete -c ${program} -n ${quote(condition)} ${rest}`;
  return `# fish completion for ${program}; made by: ${program} completion fish

# Prints the command and then its positionals, a line each, of what stands before the cursor.
function ${name}_words
    set -l command
    set -l skip 0
    set -l ended 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if test $ended = 1
            echo -- $token
        else if test "$token" = --
            set ended 1
        else if string match -q -- '-*' $token
            switch "$command $token"
                case ${values(({ takesValue }) => takesValue)}
                    set skip 1
            end
        else if test -z "$command"
            set command $token
            echo $token
        else
            echo -- $token
            contains -- $command ${commands
              .filter(({ stopsAtPositional }) => stopsAtPositional)
              .map(({ name }) => name)
              .join(" ")}; and set ended 1
        end
    end
end

# Before the command?
function ${name}_global
    test (count (${name}_words)) = 0
end

# In the command, with that many positionals before the cursor?
function ${name}_at
    set -l words (${name}_words)
    test "$words[1]" = $argv[1]; and test (count $words) = (math $argv[2] + 1)
end

# In the command, where flags may come?
function ${name}_flags
    set -l words (${name}_words)
    test "$words[1]" = $argv[1]; or return 1
    test (count $words) = 1; or not contains -- $argv[1] ${commands
      .filter(({ stopsAtPositional }) => stopsAtPositional)
      .map(({ name }) => name)
      .join(" ")}
end

function ${name}_containers
    set -l tokens (commandline -opc)
    set -l root
    for index in (seq 2 (count $tokens))
        switch $tokens[$index]
            case --root
                set root --root $tokens[(math $index + 1)]
            case '--root=*'
                set root $tokens[$index]
        end
    end
    $tokens[1] $root list -q 2>/dev/null
end

complete -c ${program} -f
${completedGlobals()
  .map((flag) => line(`${name}_global`, flagOptions(flag)))
  .join("\n")}
${commands.map(({ name: command, summary }) => line(`${name}_global`, `-a ${command} -d ${quote(summary)}`)).join("\n")}
${commands
  .flatMap(({ name: command, flags, positionals }) => [
    ...flags.map((flag) => line(`${name}_flags ${command}`, flagOptions(flag))),
    ...positionals.map((kind, index) => {
      const completes = {
        container: `(${name}_containers)`,
        signal: SIGNALS.join(" "),
        shell: "bash zsh fish",
        command: commands.map(({ name }) => name).join(" "),
      }[kind];
      return line(`${name}_at ${command} ${index}`, `-a ${quote(completes)}`);
    }),
  ])
  .join("\n")}
`;
}

function flagOptions({ names, help, takesValue, value, choices }: CompletedFlag): string {
  const [long, short] = names;
  const words = [`-l ${long!.slice(2)}`, ...(short ? [`-s ${short.slice(1)}`] : []), `-d ${quote(help)}`];
  if (!takesValue) return words.join(" ");
  if (choices.length > 0) return [...words, `-x -a ${quote(choices.join(" "))}`].join(" ");
  if (value === "file") return [...words, "-r -F"].join(" ");
  if (value === "directory") return [...words, "-x -a '(__fish_complete_directories)'"].join(" ");
  return [...words, "-x"].join(" ");
}

/** Patterns "COMMAND FLAG" of a switch. */
function values(wanted: (flag: CompletedFlag) => boolean): string {
  return eachFlag()
    .filter(({ flag }) => wanted(flag))
    .flatMap(({ command, flag }) => flag.names.map((name) => quote(`${command} ${name}`)))
    .join(" ");
}

/** fish's single quotes know two escapes. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
