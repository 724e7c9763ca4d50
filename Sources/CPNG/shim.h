#pragma once
#include <png.h>
#include <setjmp.h>
#include <string.h>

// libpng's full interface needs setjmp, which Swift cannot call. Its simple interface is no way out: it decodes interlaced
// 16-bit files wrongly, or writes beyond the buffer (CVE-2025-65018), depending on the version.

typedef struct {
    const unsigned char *bytes;
    size_t left;
    jmp_buf jump;
    char *message;
    size_t capacity;
} semblance_png_source;

static void semblance_png_fail(png_structp png, png_const_charp text) {
    semblance_png_source *source = (semblance_png_source *)png_get_error_ptr(png);
    strncpy(source->message, text, source->capacity - 1);
    source->message[source->capacity - 1] = 0;
    longjmp(source->jump, 1);
}

/// Warnings (an unknown profile, a wrong checksum in a comment) do not concern the pixels.
static void semblance_png_ignore(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void semblance_png_take(png_structp png, png_bytep target, size_t count) {
    semblance_png_source *source = (semblance_png_source *)png_get_io_ptr(png);
    if (count > source->left) png_error(png, "it is cut short");
    memcpy(target, source->bytes, count);
    source->bytes += count;
    source->left -= count;
}

/// Decodes a PNG to rows of 8-bit samples: palettes and small depths expanded, 16 bits rounded to 8, and alpha as the last
/// sample where the file has it or `has_alpha` asks for it. `pixels` holds height rows of `row_size` bytes.
/// Returns 1, or 0 with a reason in `message`.
static inline int semblance_png_decode(
    const unsigned char *bytes, size_t size, int has_alpha, unsigned char *pixels, size_t row_size,
    char *message, size_t capacity) {
    semblance_png_source source;
    source.bytes = bytes;
    source.left = size;
    source.message = message;
    source.capacity = capacity;
    strncpy(message, "no memory for the decoder", capacity);
    png_structp png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, &source, semblance_png_fail, semblance_png_ignore);
    if (!png) return 0;
    png_infop info = png_create_info_struct(png);
    if (!info || setjmp(source.jump)) {
        png_destroy_read_struct(&png, &info, NULL);
        return 0;
    }
    png_set_read_fn(png, &source, semblance_png_take);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_scale_16(png);
    if (has_alpha) png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != row_size) png_error(png, "its header and its pixels do not agree");
    const png_uint_32 height = png_get_image_height(png, info);
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 row = 0; row < height; row++) png_read_row(png, pixels + row * row_size, NULL);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return 1;
}
