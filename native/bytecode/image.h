// A compiled module as an image of what QuickJS has in memory for it (image.c).
#pragma once

#include <quickjs.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Writes the image of a module that was compiled only. NULL: an exception is pending. */
uint8_t *runt_write_image(JSContext *context, size_t *size, JSValueConst module);

/**
 * Makes a module of its image, in memory that `allocate` gives and that must stay. NULL: an exception is pending.
 * The image must be aligned to 16 bytes and have been made with the same build of QuickJS.
 */
JSModuleDef *runt_read_image(JSContext *context, const uint8_t *image, void *(*allocate)(size_t));

#ifdef __cplusplus
}
#endif
