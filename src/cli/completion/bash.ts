// Completion for bash, without the bash-completion package.

import { completedCommands, completedGlobals, eachFlag, quote, SIGNALS, type CompletedFlag } from "./model.js";

/** In: the name that runt is called by. Out: a script for bash to read. */
export function bashCompletion(program: string): string {
  const name = `_${program.replace(/\W/g, "_")}`;
  return `# bash completion for ${program}; made by: ${program} completion bash

# Does FLAG ($2) of COMMAND ($1, empty: before it) take a value?
${name}_takes_value() {
  case "$1 $2" in
${cases(
  pattern(({ takesValue }) => takesValue),
  "return 0",
)}
  esac
  return 1
}

# The flags of a command.
${name}_flags() {
  case "$1" in
    '') echo ${quote(
      completedGlobals()
        .flatMap(({ names }) => names)
        .join(" "),
    )} ;;
${completedCommands()
  .map(({ name, flags }) => `    ${name}) echo ${quote(flags.flatMap(({ names }) => names).join(" "))} ;;`)
  .join("\n")}
  esac
}

# Completes the value ($3) of FLAG ($2) of COMMAND ($1).
${name}_value() {
  case "$1 $2" in
${cases(
  pattern(({ value }) => value === "directory"),
  `${name}_files "$3" -d`,
)}
${cases(
  pattern(({ value }) => value === "file"),
  `${name}_files "$3" -f`,
)}
${eachFlag()
  .filter(({ flag }) => flag.choices.length > 0)
  .map(({ command, flag }) =>
    cases(
      flag.names.map((word) => `${command} ${word}`),
      `mapfile -t COMPREPLY < <(compgen -W ${quote(flag.choices.join(" "))} -- "$3")`,
    ),
  )
  .join("\n")}
  esac
}

${name}_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$2" -- "$1")
}

${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command='' flag='' root='' count=0 ended='' i word
  COMPREPLY=()
  # bash takes --x=v apart at the equals sign.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $flag ]]; then
      [[ $word == '=' ]] && continue
      [[ -z $command && $flag == --root ]] && root=$word
      flag=''
    elif [[ -n $ended ]]; then
      ((count++))
    elif [[ $word == -- ]]; then
      ended=1
    elif [[ $word == -* ]]; then
      if ${name}_takes_value "$command" "$word"; then flag=$word; fi
    elif [[ $word == '=' ]]; then
      ((i++)) # --x=false
    elif [[ -z $command ]]; then
      command=$word
    else
      ((count++))
      case $command in ${completedCommands()
        .filter(({ stopsAtPositional }) => stopsAtPositional)
        .map(({ name }) => name)
        .join("|")}) ended=1 ;; esac
    fi
  done
  if [[ -n $flag ]]; then
    [[ $cur == '=' ]] && cur=''
    ${name}_value "$command" "$flag" "$cur"
    return
  fi
  if [[ $cur == -* && -z $ended ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(${name}_flags "$command")" -- "$cur")
    return
  fi
  if [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W ${quote(
      completedCommands()
        .map(({ name }) => name)
        .join(" "),
    )} -- "$cur")
    return
  fi
  case "$command $count" in
${positionals("container")
  .map(
    (place) =>
      `    ${quote(place)}) mapfile -t COMPREPLY < <(compgen -W "$("\${COMP_WORDS[0]}" \${root:+--root "$root"} list -q 2>/dev/null)" -- "$cur") ;;`,
  )
  .join("\n")}
${cases(positionals("signal"), `mapfile -t COMPREPLY < <(compgen -W ${quote(SIGNALS.join(" "))} -- "$cur")`)}
${cases(positionals("shell"), `mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$cur")`)}
${cases(
  positionals("command"),
  `mapfile -t COMPREPLY < <(compgen -W ${quote(
    completedCommands()
      .map(({ name }) => name)
      .join(" "),
  )} -- "$cur")`,
)}
  esac
}

complete -F ${name} ${program}
`;
}

/** "COMMAND FLAG" of all flags of a kind. */
function pattern(wanted: (flag: CompletedFlag) => boolean): string[] {
  return eachFlag()
    .filter(({ flag }) => wanted(flag))
    .flatMap(({ command, flag }) => flag.names.map((name) => `${command} ${name}`));
}

/** "COMMAND INDEX" of all positionals of a kind. */
function positionals(kind: string): string[] {
  return completedCommands().flatMap(({ name, positionals }) =>
    positionals.flatMap((of, index) => (of === kind ? [`${name} ${index}`] : [])),
  );
}

/** One branch of a case statement, a pattern a line; none without patterns. */
function cases(patterns: readonly string[], action: string): string {
  if (patterns.length === 0) return "    '') ;;";
  return `    ${patterns.map(quote).join(" | \\\n    ")}) ${action} ;;`;
}
