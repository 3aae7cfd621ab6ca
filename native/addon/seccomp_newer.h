// What a filter says to system calls that are newer than its profile.
//
// A profile lists what is allowed, and the default for all else is mostly EPERM. To a program
// EPERM means "you may not", where ENOSYS means "this kernel can't, take the older way": C
// libraries try new calls first and fall back on ENOSYS alone. A profile can't say either of a
// call that was not there when it was written. So calls with numbers above all that the profile
// names get ENOSYS, as in runc since 1.0.0-rc93, before the filter itself is asked.
//
// Numbers below that of mlock2 (Linux 4.4, about when engines began to send profiles) are left to
// the filter: a short list that names only old calls knows of the others that came before it.
#pragma once
#include <linux/filter.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace addon {

// Instructions to stand before a filter of libseccomp. In: SCMP_ARCH_* tokens beside the native
// one, and every name in the profile's rules.
std::vector<struct sock_filter> refuse_newer(const std::vector<uint32_t> &architectures,
                                             const std::vector<std::string> &names);

}  // namespace addon
