/* The ordinary entries of a pack: inflated, checked, rebuilt and laid side by side, with no Python between them.

   unpack.py says what an unpacker is. What is out of the ordinary in any way (too large, damaged, on a base elsewhere) is
   left to the walk. */

#include "native.h"

#include <structmember.h>

/* The columns of a row: walk.py, `Entry`. */
enum { PLACE, BEGIN, AFTER, SIZE, STORED, DEPTH, LAST, FOLLOWING, ODD, OFFSET, CHECK, COLUMNS };

/* Bytes that are looked at together, at the least: blobs.c holds to that. */
#define LEAST_TOGETHER (1 << 14)

/* Room for a delta, at the least. */
#define LEAST_DELTA (1 << 16)

/* The kinds of objects, by their numbers in a pack's entries. */
enum { COMMIT = 1, TREE, BLOB, TAG, KINDS };

typedef struct {
    PyObject_HEAD
    Py_buffer pack;
    Inflater inflater;
    /* Of how many bytes an object is that is ordinary, at the most. */
    Py_ssize_t limit;
    Step *path;
    Py_ssize_t depths;
    /* What waits, by kind, and of blobs aside. */
    Batch batches[KINDS];
    Blobs blobs;
    /* The last delta that was inflated, and its place, or -1. */
    Heap delta;
    int64_t delta_of;
    int kind, full;
} Unpacker;

/* See that one more object of a kind can wait; where it cannot, the kind is `full`. */
static Outcome
make_room(Unpacker *self, int kind, Py_ssize_t size)
{
    Outcome outcome = kind == BLOB ? blobs_room(&self->blobs) : batch_room(&self->batches[kind], size);
    self->full = outcome == LEFT ? kind : 0;
    return outcome;
}

/* Whether a row's numbers lie within the pack and the path. */
static int
is_within(const Unpacker *self, const int64_t *row)
{
    return 0 <= row[OFFSET] && row[OFFSET] <= row[BEGIN] && row[BEGIN] <= row[AFTER] && row[AFTER] <= self->pack.len
        && 0 <= row[SIZE] && row[SIZE] < INT32_MAX && 0 <= row[DEPTH] && row[DEPTH] < self->depths;
}

/* Inflate an entry, if it has the checksum that the index has of it. */
static Outcome
inflate_entry(Unpacker *self, const int64_t *row, char *to)
{
    const char *pack = self->pack.buf;
    Outcome outcome = DONE;
    if (row[CHECK] >= 0) {
        outcome = has_checksum(&self->inflater, pack + row[OFFSET], row[AFTER] - row[OFFSET], row[CHECK]);
    }
    if (outcome == DONE) {
        outcome = inflate_to(&self->inflater, pack + row[BEGIN], row[AFTER] - row[BEGIN], to, (Py_ssize_t)row[SIZE]);
    }
    return outcome;
}

/* Have the delta of an entry at hand, and the size of what it makes. */
static Outcome
read_delta(Unpacker *self, const int64_t *row, Delta *delta, Py_ssize_t *size)
{
    if (self->delta_of != row[PLACE]) {
        self->delta_of = -1;
        self->delta.used = 0;
        if (!heap_begin(&self->delta, (Py_ssize_t)row[SIZE], LEAST_DELTA)) {
            return FAILED;
        }
        Outcome outcome = inflate_entry(self, row, heap_end(&self->delta));
        if (outcome != DONE) {
            return outcome;
        }
        self->delta.used = (Py_ssize_t)row[SIZE];
        self->delta_of = row[PLACE];
    }
    const uint8_t *data = (const uint8_t *)PyBytes_AsString(self->delta.bytes);
    *delta = (Delta){data, data + self->delta.used};
    Py_ssize_t announced = delta_size(delta);
    *size = delta_size(delta);
    int fits = announced == self->path[row[DEPTH] - 1].content.size && *size >= 0 && *size <= self->limit;
    return fits ? DONE : LEFT;
}

/* Write the content of an entry, by its delta if it has one. */
static Outcome
write_content(Unpacker *self, const int64_t *row, const Delta *delta, char *to, Py_ssize_t size)
{
    if (!row[DEPTH]) {
        return inflate_entry(self, row, to);
    }
    const Content *base = &self->path[row[DEPTH] - 1].content;
    Delta instructions = *delta;
    return delta_rebuild(&instructions, base->data, base->size, to, size) ? DONE : LEFT;
}

static Outcome
read_blob(Unpacker *self, const int64_t *row, const Delta *delta, Py_ssize_t size)
{
    PyObject *owner = NULL;
    char *data = blobs_memory(&self->blobs, size, &owner);
    Outcome outcome = data ? write_content(self, row, delta, data, size) : FAILED;
    if (outcome == DONE) {
        Content content = {owner, data, size};
        blobs_add(&self->blobs, row[PLACE], &content, row[DEPTH] ? &self->path[row[DEPTH] - 1] : NULL, delta);
        if (row[FOLLOWING] > 1) {
            blobs_hold(&self->blobs, &self->path[row[DEPTH]]);
        }
    }
    Py_XDECREF(owner);
    return outcome;
}

static Outcome
read_other(Unpacker *self, const int64_t *row, int kind, const Delta *delta, Py_ssize_t size)
{
    Batch *batch = &self->batches[kind];
    char *data = heap_end(&batch->heap);
    Outcome outcome = write_content(self, row, delta, data, size);
    if (outcome == DONE) {
        if (row[FOLLOWING] > 1) {
            content_hold(&self->path[row[DEPTH]].content, batch->heap.bytes, data, size);
        }
        batch_add(batch, row[PLACE], size);
    }
    return outcome;
}

/* Read one entry. LEFT: nothing of it is done, but that its delta may be at hand. */
static Outcome
read_entry(Unpacker *self, const int64_t *row)
{
    int64_t depth = row[DEPTH];
    if (row[ODD] || !is_within(self, row)) {
        return LEFT;
    }
    int kind = depth ? self->kind : (int)row[STORED];
    if (kind < COMMIT || kind >= KINDS) {
        return LEFT;
    }
    Py_ssize_t size = (Py_ssize_t)row[SIZE];
    Delta delta = {NULL, NULL};
    Outcome outcome = !depth && size > self->limit ? LEFT : DONE;
    if (depth) {
        outcome = read_delta(self, row, &delta, &size);
    }
    if (outcome == DONE) {
        outcome = make_room(self, kind, size);
    }
    if (outcome == DONE) {
        outcome = kind == BLOB ? read_blob(self, row, &delta, size) : read_other(self, row, kind, &delta, size);
    }
    if (outcome == DONE) {
        self->kind = kind;
        if (depth && row[LAST]) {
            content_drop(&self->path[depth - 1].content);
        }
    }
    return outcome;
}

/* --- What Python sees: unpack.py --- */

static PyObject *
run(Unpacker *self, PyObject *args)
{
    Py_buffer rows;
    Py_ssize_t at, after;
    if (!PyArg_ParseTuple(args, "y*nn", &rows, &at, &after)) {
        return NULL;
    }
    Outcome outcome = DONE;
    if (at < 0 || after > rows.len / (Py_ssize_t)(COLUMNS * sizeof(int64_t))) {
        PyErr_SetString(PyExc_ValueError, "there are fewer rows");
        outcome = FAILED;
    }
    self->full = 0;
    while (outcome == DONE && at < after) {
        outcome = read_entry(self, (const int64_t *)rows.buf + at * COLUMNS);
        at += outcome == DONE;
    }
    PyBuffer_Release(&rows);
    return outcome == FAILED ? NULL : PyLong_FromSsize_t(at);
}

static int
is_depth(const Unpacker *self, Py_ssize_t depth)
{
    if (depth >= 0 && depth < self->depths) {
        return 1;
    }
    PyErr_SetString(PyExc_IndexError, "no object stands so deep");
    return 0;
}

static PyObject *
content(Unpacker *self, PyObject *depth)
{
    Py_ssize_t number = PyLong_AsSsize_t(depth);
    if ((number == -1 && PyErr_Occurred()) || !is_depth(self, number)) {
        return NULL;
    }
    return content_bytes(&self->path[number].content);
}

static PyObject *
hold(Unpacker *self, PyObject *args)
{
    Py_ssize_t depth;
    PyObject *bytes;
    if (!PyArg_ParseTuple(args, "nS", &depth, &bytes) || !is_depth(self, depth)) {
        return NULL;
    }
    Step *step = &self->path[depth];
    content_hold(&step->content, bytes, PyBytes_AsString(bytes), PyBytes_Size(bytes));
    step->number = -1;
    step->silent = 0;
    Py_RETURN_NONE;
}

static PyObject *
inflated(Unpacker *self, PyObject *place)
{
    int64_t number = PyLong_AsLongLong(place);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (number < 0 || number != self->delta_of) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(PyBytes_AsString(self->delta.bytes), self->delta.used);
}

static PyObject *
put(Unpacker *self, PyObject *args)
{
    long long place;
    Py_ssize_t depth;
    PyObject *bytes;
    if (!PyArg_ParseTuple(args, "LnS", &place, &depth, &bytes) || (depth != -1 && !is_depth(self, depth))) {
        return NULL;
    }
    if (self->kind < COMMIT || self->kind >= KINDS) {
        PyErr_SetString(PyExc_ValueError, "of no kind");
        return NULL;
    }
    Content content = {bytes, PyBytes_AsString(bytes), PyBytes_Size(bytes)};
    Outcome outcome = make_room(self, self->kind, content.size);
    if (outcome == FAILED) {
        return NULL;
    }
    if (outcome == LEFT) {
        Py_RETURN_FALSE;
    }
    if (self->kind == BLOB) {
        blobs_add(&self->blobs, place, &content, NULL, NULL);
        if (depth >= 0) {
            blobs_hold(&self->blobs, &self->path[depth]);
        }
    }
    else {
        Batch *batch = &self->batches[self->kind];
        memcpy(heap_end(&batch->heap), content.data, content.size);
        batch_add(batch, place, content.size);
        if (depth >= 0) {
            content_hold(&self->path[depth].content, bytes, content.data, content.size);
        }
    }
    Py_RETURN_TRUE;
}

static PyObject *
take(Unpacker *self, PyObject *kind)
{
    long number = PyLong_AsLong(kind);
    if (number < COMMIT || number >= KINDS) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "no such kind");
        }
        return NULL;
    }
    return batch_take(&self->batches[number]);
}

static PyObject *
take_text(Unpacker *self, PyObject *Py_UNUSED(nothing))
{
    return blobs_text(&self->blobs);
}

static PyObject *
blob(Unpacker *self, PyObject *number)
{
    Py_ssize_t index = PyLong_AsSsize_t(number);
    return index == -1 && PyErr_Occurred() ? NULL : blobs_content(&self->blobs, index);
}

static PyObject *
settle(Unpacker *self, PyObject *args)
{
    Py_buffer silent;
    if (!PyArg_ParseTuple(args, "y*", &silent)) {
        return NULL;
    }
    for (Py_ssize_t depth = 0; depth < self->depths; depth++) {
        Step *step = &self->path[depth];
        if (step->number >= 0) {
            step->silent = step->number < silent.len && ((const char *)silent.buf)[step->number];
            step->number = -1;
        }
    }
    PyBuffer_Release(&silent);
    blobs_drop(&self->blobs);
    Py_RETURN_NONE;
}

static int
init(Unpacker *self, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    if (self->path) {
        PyErr_SetString(PyExc_TypeError, "it is made already");
        return -1;
    }
    PyObject *inflate, *crc32, *errors;
    Py_ssize_t together;
    Margins margins;
    if (!PyArg_ParseTuple(
            args, "y*nOOOnn(nn)", &self->pack, &self->depths, &inflate, &crc32, &errors, &self->limit, &together,
            &margins.before, &margins.behind)) {
        return -1;
    }
    if (self->depths < 0 || margins.before < 0 || margins.behind < 0 || together < LEAST_TOGETHER) {
        PyErr_SetString(PyExc_ValueError, "a number is too small");
        return -1;
    }
    if (!inflater_begin(&self->inflater, inflate, crc32, errors)) {
        return -1;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        self->batches[kind].together = together;
    }
    self->blobs.together = together;
    self->blobs.margins = margins;
    self->delta_of = -1;
    self->path = PyMem_Calloc(self->depths + 1, sizeof(Step));
    if (!self->path) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t depth = 0; depth < self->depths; depth++) {
        self->path[depth] = (Step){.content = {NULL, "", 0}, .number = -1};
    }
    return 0;
}

static void
dealloc(Unpacker *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (int kind = 0; kind < KINDS; kind++) {
        batch_end(&self->batches[kind]);
    }
    blobs_end(&self->blobs);
    for (Py_ssize_t depth = 0; self->path && depth < self->depths; depth++) {
        content_drop(&self->path[depth].content);
    }
    PyMem_Free(self->path);
    Py_XDECREF(self->delta.bytes);
    inflater_end(&self->inflater);
    PyBuffer_Release(&self->pack);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)run, METH_VARARGS, NULL},
    {"content", (PyCFunction)content, METH_O, NULL},
    {"hold", (PyCFunction)hold, METH_VARARGS, NULL},
    {"inflated", (PyCFunction)inflated, METH_O, NULL},
    {"put", (PyCFunction)put, METH_VARARGS, NULL},
    {"take", (PyCFunction)take, METH_O, NULL},
    {"take_text", (PyCFunction)take_text, METH_NOARGS, NULL},
    {"blob", (PyCFunction)blob, METH_O, NULL},
    {"settle", (PyCFunction)settle, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"kind", T_INT, offsetof(Unpacker, kind), 0, NULL},
    {"full", T_INT, offsetof(Unpacker, full), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, init}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {Py_tp_members, members}, {0, NULL},
};

PyType_Spec unpacker_spec = {"keyguard.git.odb._native.Unpacker", sizeof(Unpacker), 0, Py_TPFLAGS_DEFAULT, slots};
