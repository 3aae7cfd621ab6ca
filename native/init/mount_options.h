// The option text of mount(2), taken apart for fsconfig(2) and put together for mount(2).
#pragma once
#include <stddef.h>

#include "mount_slot.h"

namespace init {

constexpr size_t kClassicDataSize = 4096;  // a page, the most that mount(2) takes
constexpr size_t kOptionLimit = 255;       // the longest key or value of fsconfig(2)

// Copies the next option of comma-separated text to `option` and moves `data` behind it. Commas
// inside double quotes (SELinux contexts) or after a backslash (paths of overlay) do not separate.
// False at the end. An option that is too long is cut and `fits` is false.
bool next_option(const char *&data, char *option, size_t size, bool &fits);

// Splits "key=value" in place; null when there is no value. Quotes around the value go.
char *split_option(char *option);

// Whether an option of this name is in the text.
bool has_option(const char *data, const char *name);

// A path as overlay wants it in an option: backslash before what would end it. False: no room.
bool escape_layer(const char *path, char *out, size_t size);

// The path of "name=path" when parameter is an option of that name, else null.
const char *value_of(const char *parameter, const char *name);

// All options in one text for mount(2); "lowerdir+=" items become one lowerdir=. False: longer than a page.
bool classic_data(const ClassicMount &, char (&out)[kClassicDataSize]);

}  // namespace init
