// Completion for zsh, by its own _arguments.

import {
  completedCommands,
  completedGlobals,
  type CompletedCommand,
  type CompletedFlag,
  quote,
  SIGNALS,
} from "./model.js";

/** In: the name that runt is called by. Out: a script for a folder of $fpath, named _PROGRAM, or to be sourced. */
export function zshCompletion(program: string): string {
  const name = `_${program.replace(/\W/g, "_")}`;
  const commands = completedCommands();
  return `#compdef ${program}
# zsh completion for ${program}; made by: ${program} completion zsh

${name}_containers() {
  local -a ids
  ids=(\${(f)"$(_call_program containers \${(q)runt_program} \${runt_root:+--root} \${(q)runt_root} list -q 2>/dev/null)"})
  _describe -t containers container ids
}

${name}_signals() {
  local -a signals
  signals=(${SIGNALS.join(" ")})
  _describe -t signals signal signals
}

${name}_commands() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join("\n")}
  )
  _describe -t commands command commands
}

${name}() {
  local curcontext="$curcontext" state line runt_program=$words[1] runt_root ret=1
  typeset -A opt_args
  _arguments -C -S \\
${completedGlobals()
  .map((flag) => argument(flag, "    "))
  .join("\n")}
    '1:command:${name}_commands' \\
    '*::argument:->argument' && ret=0
  [[ $state == argument ]] || return ret
  runt_root=\${(Q)opt_args[--root]}
  case $words[1] in
${commands.map((command) => branch(command, name)).join("\n")}
  esac
  return ret
}

# Sourced: register. Found through $fpath: complete at once.
if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`;
}

function branch({ name, flags, positionals, stopsAtPositional }: CompletedCommand, prefix: string): string {
  const places = positionals.map((kind, index) => {
    const completes = kind === "shell" ? "(bash zsh fish)" : `${prefix}_${kind}s`;
    return `        '${index + 1}:${kind}:${completes}' \\\n`;
  });
  const style = stopsAtPositional ? "-A '-*' " : "";
  return `    ${name})
      _arguments -S ${style}\\
${flags.map((flag) => `${argument(flag, "        ")}\n`).join("")}${places.join("")}        && ret=0
      ;;`;
}

/** The lines of _arguments for a flag: one a name. */
function argument({ names, help, takesValue, repeats, value, choices }: CompletedFlag, indent: string): string {
  const about = help.replace(/[\\[\]:]/g, "\\$&");
  const what = choices.length > 0 ? `(${choices.join(" ")})` : { file: "_files", directory: "_directories" }[value!];
  const end = takesValue ? `:${names[0]!.slice(2)}:${what ?? " "}` : "";
  const specs = names.map((name) => {
    const assigned = takesValue ? (name.startsWith("--") ? `${name}=` : `${name}+`) : name;
    const others = repeats ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
    return `${indent}${quote(`${others}${assigned}[${about}]${end}`)} \\`;
  });
  return specs.join("\n");
}
