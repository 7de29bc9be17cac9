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

/* The columns of the entries that were read, each of its own width, and how many are REF_DELTAs. */
typedef struct {
    uint8_t *length, *kind;
    int64_t *size;
    int32_t *base;
    Py_ssize_t named;
} Columns;

/* What is read, and of what: the pack is that up to `limit`. */
typedef struct {
    const uint8_t *pack;
    const int64_t *offsets;
    Py_ssize_t start, after, limit, oid_size;
} Group;

static void
fill_columns(Columns *columns, const Group *group)
{
    for (Py_ssize_t entry = group->start, place = 0; entry < group->after; entry++, place++) {
        Header header;
        read_header(group->pack, (Py_ssize_t)group->offsets[entry], group->limit, group->oid_size, &header);
        columns->base[place] = WHOLE;
        if (header.kind == OFS_DELTA) {
            int64_t wanted = group->offsets[entry] - header.back;
            columns->base[place] = header.back > 0 ? find_before(group->offsets, entry, wanted) : NOWHERE;
        }
        columns->length[place] = header.length;
        columns->kind[place] = header.kind;
        columns->size[place] = header.size;
        columns->named += header.kind == REF_DELTA;
    }
}

/* The ids of the bases of all REF_DELTAs, one after another. */
static PyObject *
bases_named(const Columns *columns, const Group *group)
{
    PyObject *named = PyBytes_FromStringAndSize(NULL, columns->named * group->oid_size);
    char *to = named ? PyBytes_AsString(named) : NULL;
    for (Py_ssize_t place = 0; to && place < group->after - group->start; place++) {
        if (columns->kind[place] == REF_DELTA) {
            Header header;
            Py_ssize_t offset = (Py_ssize_t)group->offsets[group->start + place];
            read_header(group->pack, offset, group->limit, group->oid_size, &header);
            memcpy(to, header.named, group->oid_size);
            to += group->oid_size;
        }
    }
    return named;
}

/* read_entries(pack, offsets, start, after, limit, oid_size): of the entries `start`..`after`, of which all `offsets`
   ascend, the columns: a header's length and the kind, a byte each; the size, of eight bytes; the position of an
   OFS_DELTA's base, of four; and, one after another, the ids of the bases of REF_DELTAs. Other threads go on meanwhile. */
PyObject *
read_entries(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer pack, offsets;
    Group group;
    if (!PyArg_ParseTuple(
            args, "y*y*nnnn", &pack, &offsets, &group.start, &group.after, &group.limit, &group.oid_size)) {
        return NULL;
    }
    group.pack = pack.buf;
    group.offsets = offsets.buf;
    Py_ssize_t total = offsets.len / (Py_ssize_t)sizeof(int64_t), count = group.after - group.start;
    PyObject *parts[4] = {NULL}, *named = NULL, *result = NULL;
    if (group.limit > pack.len || group.start < 0 || count < 0 || group.after > total || total >= INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the entries lie outside");
        goto end;
    }
    static const size_t widths[] = {1, 1, sizeof(int64_t), sizeof(int32_t)};
    void *to[4];
    for (int column = 0; column < 4; column++) {
        parts[column] = PyBytes_FromStringAndSize(NULL, count * widths[column]);
        if (!parts[column]) {
            goto end;
        }
        to[column] = PyBytes_AsString(parts[column]);
    }
    Columns columns = {to[0], to[1], to[2], to[3], 0};
    Py_BEGIN_ALLOW_THREADS
    fill_columns(&columns, &group);
    Py_END_ALLOW_THREADS
    named = bases_named(&columns, &group);
    if (named) {
        result = Py_BuildValue("OOOOO", parts[0], parts[1], parts[2], parts[3], named);
    }
end:
    for (int column = 0; column < 4; column++) {
        Py_XDECREF(parts[column]);
    }
    Py_XDECREF(named);
    PyBuffer_Release(&pack);
    PyBuffer_Release(&offsets);
    return result;
}
