// `runt-init --check`: decodes programs without running them.
#pragma once

namespace init {

// A line "FILE: ok" or "FILE: what is wrong" on standard output for each; the exit status: 0 when
// all are sound.
int check_files(int count, char **paths);

}  // namespace init
