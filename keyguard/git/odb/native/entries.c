/* The headers of a pack's entries. Source: gitformat-pack(5), "pack-*.pack files have the following format". */

#include "native.h"

#define OFS_DELTA 6
#define REF_DELTA 7

/* Where the entries of a pack begin, before all of which stands a header of the pack. */
#define FIRST 12

/* So many bytes of 7 bits, after the first one's 4, stay within 63 bits: pack.py, `LONGEST`. */
#define LONGEST 8

/* Bases that are no entry of the pack, or are told otherwise: pack.py, `WHOLE` and `NOWHERE`. */
#define WHOLE -1
#define NOWHERE -3

/* What the header of an entry says: pack.py, `_Headers`. `length` is its own, `back` that of an OFS_DELTA. */
typedef struct {
    uint8_t length, kind;
    int64_t size, back;
    const uint8_t *named;
} Header;

/* Read a header of at most `limit` - `offset` bytes. Where it cannot be understood its kind is 0. */
static void
read_header(const uint8_t *pack, Py_ssize_t offset, Py_ssize_t limit, Py_ssize_t oid_size, Header *header)
{
    memset(header, 0, sizeof(*header));
    if (offset < FIRST || offset >= limit) {
        return;
    }
    Py_ssize_t at = offset;
    uint8_t byte = pack[at++];
    uint8_t kind = byte >> 4 & 7;
    header->size = byte & 15;
    for (int count = 0; byte & 0x80; count++) {
        if (count == LONGEST || at >= limit) {
            return;
        }
        byte = pack[at++];
        header->size |= (int64_t)(byte & 0x7F) << (4 + 7 * count);
    }
    if (kind == OFS_DELTA) {
        /* Offset encoding: each byte after the first adds 1. */
        for (int count = 0; count == 0 || byte & 0x80; count++) {
            if (count == LONGEST || at >= limit) {
                return;
            }
            byte = pack[at++];
            header->back = ((header->back + (count > 0)) << 7) | (byte & 0x7F);
        }
    }
    else if (kind == REF_DELTA) {
        if (oid_size > limit - at) {
            return;
        }
        header->named = pack + at;
        at += oid_size;
    }
    header->length = (uint8_t)(at - offset);
    header->kind = kind == 5 ? 0 : kind;
}

/* The entry before `entry` that begins at `wanted`. Most bases lie near: the way back is doubled until it is passed. */
static int32_t
find_before(const int64_t *offsets, Py_ssize_t entry, int64_t wanted)
{
    Py_ssize_t low = entry, high = entry;
    for (Py_ssize_t step = 1; low > 0 && offsets[low] > wanted; step *= 2) {
        high = low;
        low = step < low ? low - step : 0;
    }
    while (low < high && offsets[low] != wanted) {
        Py_ssize_t middle = low + (high - low) / 2;
        if (offsets[middle] < wanted) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < entry && offsets[low] == wanted ? (int32_t)low : NOWHERE;
}

/* The columns of the entries that were read, each of its own width. */
typedef struct {
    PyObject *length, *kind, *size, *base, *named;
} Columns;

static int
make_columns(Columns *columns, Py_ssize_t count)
{
    columns->length = PyBytes_FromStringAndSize(NULL, count);
    columns->kind = PyBytes_FromStringAndSize(NULL, count);
    columns->size = PyBytes_FromStringAndSize(NULL, count * sizeof(int64_t));
    columns->base = PyBytes_FromStringAndSize(NULL, count * sizeof(int32_t));
    columns->named = PyByteArray_FromStringAndSize(NULL, 0);
    return columns->length && columns->kind && columns->size && columns->base && columns->named;
}

static void
drop_columns(Columns *columns)
{
    Py_XDECREF(columns->length);
    Py_XDECREF(columns->kind);
    Py_XDECREF(columns->size);
    Py_XDECREF(columns->base);
    Py_XDECREF(columns->named);
}

static int
append(PyObject *named, const uint8_t *oid, Py_ssize_t oid_size)
{
    Py_ssize_t end = PyByteArray_Size(named);
    if (PyByteArray_Resize(named, end + oid_size) < 0) {
        return 0;
    }
    memcpy(PyByteArray_AsString(named) + end, oid, oid_size);
    return 1;
}

static int
fill_columns(
    Columns *columns, const uint8_t *pack, const int64_t *offsets, Py_ssize_t start, Py_ssize_t after, Py_ssize_t limit,
    Py_ssize_t oid_size)
{
    char *length = PyBytes_AsString(columns->length), *kind = PyBytes_AsString(columns->kind);
    char *size = PyBytes_AsString(columns->size), *base = PyBytes_AsString(columns->base);
    for (Py_ssize_t entry = start; entry < after; entry++) {
        Header header;
        read_header(pack, (Py_ssize_t)offsets[entry], limit, oid_size, &header);
        int32_t found = WHOLE;
        if (header.kind == OFS_DELTA) {
            found = header.back > 0 ? find_before(offsets, entry, offsets[entry] - header.back) : NOWHERE;
        }
        *length++ = (char)header.length;
        *kind++ = (char)header.kind;
        memcpy(size, &header.size, sizeof(header.size));
        memcpy(base, &found, sizeof(found));
        size += sizeof(header.size);
        base += sizeof(found);
        if (header.named && !append(columns->named, header.named, oid_size)) {
            return 0;
        }
    }
    return 1;
}

/* read_entries(pack, offsets, start, after, limit, oid_size): of the entries `start`..`after`, of which all `offsets`
   ascend, the columns: a header's length and the kind, a byte each; the size, of eight bytes; the position of an
   OFS_DELTA's base, of four; and, one after another, the ids of the bases of REF_DELTAs. */
PyObject *
read_entries(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer pack, offsets;
    Py_ssize_t start, after, limit, oid_size;
    if (!PyArg_ParseTuple(args, "y*y*nnnn", &pack, &offsets, &start, &after, &limit, &oid_size)) {
        return NULL;
    }
    Columns columns = {0};
    Py_ssize_t count = offsets.len / (Py_ssize_t)sizeof(int64_t);
    PyObject *result = NULL;
    if (limit > pack.len || start < 0 || start > after || after > count || count >= INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the entries lie outside");
    }
    else if (
        make_columns(&columns, after - start)
        && fill_columns(&columns, pack.buf, offsets.buf, start, after, limit, oid_size)) {
        result = Py_BuildValue("OOOOO", columns.length, columns.kind, columns.size, columns.base, columns.named);
    }
    drop_columns(&columns);
    PyBuffer_Release(&pack);
    PyBuffer_Release(&offsets);
    return result;
}
