/* Deltas. Source: gitformat-pack(5), "Deltified representation". */

#include "native.h"

/* A copy of fewer bytes from another place than the next is as good as new. */
#define SHORT_COPY 64

Py_ssize_t
delta_size(Delta *delta)
{
    /* 7 bits a byte, the lowest first. */
    uint64_t size = 0;
    for (int shift = 0; shift < 56 && delta->at < delta->end; shift += 7) {
        uint8_t byte = *delta->at++;
        size |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return (Py_ssize_t)size;
        }
    }
    return -1;
}

/* One instruction: `length` bytes, from `start` of the base, or, where that is -1, from `bytes`. */
typedef struct {
    Py_ssize_t start, length;
    const uint8_t *bytes;
} Instruction;

/* The next instruction; 0 where there is none that a base of `base_size` bytes allows. */
static inline int
next_instruction(Delta *delta, Py_ssize_t base_size, Instruction *next)
{
    uint8_t code = *delta->at++;
    if (!(code & 0x80)) {
        *next = (Instruction){-1, code, delta->at};
        if (!code || code > delta->end - delta->at) {
            return 0;
        }
        delta->at += code;
        return 1;
    }
    uint32_t start = 0, length = 0;
    for (int bit = 0; bit < 7; bit++) {
        if (code >> bit & 1) {
            if (delta->at == delta->end) {
                return 0;
            }
            uint32_t byte = *delta->at++;
            if (bit < 4) {
                start |= byte << (8 * bit);
            }
            else {
                length |= byte << (8 * (bit - 4));
            }
        }
    }
    /* A size of 0 stands for 65,536 (gitformat-pack(5), "Instruction to copy from base object"). */
    length = length ? length : 0x10000;
    *next = (Instruction){start, length, NULL};
    return (Py_ssize_t)start <= base_size && (Py_ssize_t)length <= base_size - (Py_ssize_t)start;
}

int
delta_rebuild(Delta *delta, const char *base, Py_ssize_t base_size, char *result, Py_ssize_t size)
{
    Py_ssize_t left = size;
    Instruction next;
    while (delta->at < delta->end) {
        if (!next_instruction(delta, base_size, &next) || next.length > left) {
            return 0;
        }
        memcpy(result, next.start < 0 ? (const char *)next.bytes : base + next.start, next.length);
        result += next.length;
        left -= next.length;
    }
    return !left;
}

/* Put a span behind the others; one that meets the last becomes a part of it. */
static Py_ssize_t
add_span(Span *spans, Py_ssize_t count, Py_ssize_t begin, Py_ssize_t end)
{
    begin = begin < 0 ? 0 : begin;
    if (count && begin <= spans[count - 1].end) {
        spans[count - 1].end = end;
        return count;
    }
    spans[count] = (Span){begin, end};
    return count + 1;
}

Py_ssize_t
delta_news(Delta delta, Py_ssize_t base_size, Py_ssize_t size, Margins margins, Span *spans, Py_ssize_t most)
{
    Py_ssize_t count = 0, written = 0;
    /* The place of the base at which a copy goes on with what was copied before, from its first byte on. */
    Py_ssize_t next_of_base = 0;
    Instruction next;
    while (delta.at < delta.end) {
        if (count == most || !next_instruction(&delta, base_size, &next)) {
            return -1;
        }
        Py_ssize_t begin = written;
        written += next.length;
        if (next.start >= 0 && next.start == next_of_base) {
            next_of_base += next.length;
            continue;
        }
        /* Of what is copied from elsewhere its borders are new, of a short copy all of it. */
        int is_copy = next.start >= 0 && next.length >= SHORT_COPY;
        count = add_span(spans, count, begin - margins.before, (is_copy ? begin : written) + margins.behind);
        next_of_base = is_copy ? next.start + next.length : -1;
    }
    if (next_of_base != base_size) {
        if (count == most) {
            return -1;
        }
        count = add_span(spans, count, written - margins.before, written);
    }
    for (Py_ssize_t number = 0; number < count; number++) {
        spans[number].end = spans[number].end < size ? spans[number].end : size;
    }
    return count;
}

/* news(delta, base_size, result, before, behind): the parts of a result that `delta_news` tells, of at most 64; None for more. */
PyObject *
news(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer packed, result;
    Py_ssize_t base_size;
    Margins margins;
    if (!PyArg_ParseTuple(args, "y*ny*nn", &packed, &base_size, &result, &margins.before, &margins.behind)) {
        return NULL;
    }
    Span spans[64];
    Delta delta = {packed.buf, (const uint8_t *)packed.buf + packed.len};
    delta_size(&delta);
    delta_size(&delta);
    Py_ssize_t count = delta_news(delta, base_size, result.len, margins, spans, 64);
    PyObject *parts = count < 0 ? Py_NewRef(Py_None) : PyList_New(0);
    for (Py_ssize_t number = 0; parts && number < count; number++) {
        Span span = spans[number];
        PyObject *part = PyBytes_FromStringAndSize((const char *)result.buf + span.begin, span.end - span.begin);
        if (!part || PyList_Append(parts, part) < 0) {
            Py_CLEAR(parts);
        }
        Py_XDECREF(part);
    }
    PyBuffer_Release(&packed);
    PyBuffer_Release(&result);
    return parts;
}

/* apply_delta(base, delta): the result, or None where the delta is not one for that base. */
PyObject *
apply_delta(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer base, packed;
    if (!PyArg_ParseTuple(args, "y*y*", &base, &packed)) {
        return NULL;
    }
    Delta delta = {packed.buf, (const uint8_t *)packed.buf + packed.len};
    Py_ssize_t announced = delta_size(&delta), size = delta_size(&delta);
    PyObject *result = NULL;
    if (announced == base.len && size >= 0) {
        result = PyBytes_FromStringAndSize(NULL, size);
        if (result && !delta_rebuild(&delta, base.buf, base.len, PyBytes_AsString(result), size)) {
            Py_CLEAR(result);
        }
    }
    PyBuffer_Release(&base);
    PyBuffer_Release(&packed);
    if (!result && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return result;
}
