// Owned descriptors under the addon's own name.
#pragma once
#include "../common/unique_fd.h"

namespace addon {

using native::UniqueFd;

}  // namespace addon
