/* The ordinary entries of a pack: inflated, checked, rebuilt and laid side by side, with no Python between them.

   unpack.py says what an unpacker is. What is out of the ordinary in any way (too large, damaged, on a base elsewhere) is
   left to the walk. */

#include "native.h"

#include <structmember.h>

/* The columns of a row: walk.py, `Entry`. */
enum { PLACE, BEGIN, AFTER, SIZE, STORED, DEPTH, LAST, FOLLOWING, ODD, OFFSET, CHECK, COLUMNS };

/* The numbers of kinds, in a pack's entries: 1 commit, 2 tree, 3 blob, 4 tag. */
#define KINDS 5

/* Bytes of some object, which `owner` keeps alive. */
typedef struct {
    PyObject *owner;
    const char *data;
    Py_ssize_t size;
} Content;

/* Contents of one kind, side by side in `bytes`, each followed by a line end. A mark is a place and an end. */
typedef struct {
    PyObject *bytes;
    Py_ssize_t used, room;
    int64_t *marks;
    Py_ssize_t count, capacity;
} Batch;

typedef struct {
    PyObject_HEAD
    Py_buffer pack;
    Py_buffer silent;
    Inflater inflater;
    Py_ssize_t limits[KINDS];
    Py_ssize_t together;
    Content *path;
    Py_ssize_t depths;
    Batch batches[KINDS];
    /* The last delta that was inflated, and its place; `of` is -1 where there is none. */
    char *delta;
    Py_ssize_t delta_size, delta_room;
    int64_t delta_of;
    int kind;
    int full;
} Unpacker;

/* --- Batches --- */

static void
drop(Content *content)
{
    PyObject *owner = content->owner;
    content->owner = NULL;
    content->data = "";
    content->size = 0;
    Py_XDECREF(owner);
}

static void
keep(Content *content, PyObject *owner, const char *data, Py_ssize_t size)
{
    PyObject *before = content->owner;
    content->owner = Py_NewRef(owner);
    content->data = data;
    content->size = size;
    Py_XDECREF(before);
}

/* See that a content of `size` bytes has room in a batch: LEFT where the batch has to be taken before. */
static Outcome
make_room(Unpacker *self, int kind, Py_ssize_t size)
{
    Batch *batch = &self->batches[kind];
    if (batch->count == batch->capacity) {
        Py_ssize_t capacity = batch->capacity ? 2 * batch->capacity : 256;
        int64_t *marks = PyMem_Realloc(batch->marks, 2 * capacity * sizeof(int64_t));
        if (!marks) {
            PyErr_NoMemory();
            return FAILED;
        }
        batch->marks = marks;
        batch->capacity = capacity;
    }
    if (batch->bytes && size < batch->room - batch->used) {
        return DONE;
    }
    if (batch->count) {
        self->full = kind;
        return LEFT;
    }
    Py_CLEAR(batch->bytes);
    batch->used = 0;
    batch->room = size < self->together ? self->together : size + 1;
    batch->bytes = PyBytes_FromStringAndSize(NULL, batch->room);
    return batch->bytes ? DONE : FAILED;
}

static char *
free_room(Batch *batch)
{
    return PyBytes_AsString(batch->bytes) + batch->used;
}

/* Count in what was written to the free room. */
static void
add(Batch *batch, int64_t place, Py_ssize_t size)
{
    free_room(batch)[size] = '\n';
    batch->used += size + 1;
    batch->marks[2 * batch->count] = place;
    batch->marks[2 * batch->count + 1] = batch->used - 1;
    batch->count++;
}

/* --- Entries --- */

/* Whether an entry has the checksum that the index has of it, if it has any. */
static Outcome
check(Unpacker *self, const int64_t *row)
{
    if (row[CHECK] < 0) {
        return DONE;
    }
    const char *pack = self->pack.buf;
    return has_checksum(&self->inflater, pack + row[OFFSET], row[AFTER] - row[OFFSET], row[CHECK]);
}

static Outcome
inflate_entry(Unpacker *self, const int64_t *row, char *to)
{
    const char *pack = self->pack.buf;
    return inflate_to(&self->inflater, pack + row[BEGIN], row[AFTER] - row[BEGIN], to, (Py_ssize_t)row[SIZE]);
}

/* Whether a row's numbers lie within the pack and the path. */
static int
is_within(Unpacker *self, const int64_t *row)
{
    return 0 <= row[OFFSET] && row[OFFSET] <= row[BEGIN] && row[BEGIN] <= row[AFTER] && row[AFTER] <= self->pack.len
        && 0 <= row[SIZE] && row[SIZE] < PY_SSIZE_T_MAX && 0 <= row[DEPTH] && row[DEPTH] < self->depths;
}

/* Have the delta of an entry at `self->delta`. */
static Outcome
inflate_delta(Unpacker *self, const int64_t *row)
{
    if (self->delta_of == row[PLACE]) {
        return DONE;
    }
    self->delta_of = -1;
    if (row[SIZE] > self->delta_room) {
        char *room = PyMem_Realloc(self->delta, (size_t)row[SIZE]);
        if (!room) {
            return LEFT;
        }
        self->delta = room;
        self->delta_room = (Py_ssize_t)row[SIZE];
    }
    Outcome outcome = check(self, row);
    if (outcome == DONE) {
        outcome = inflate_entry(self, row, self->delta);
    }
    if (outcome == DONE) {
        self->delta_of = row[PLACE];
        self->delta_size = (Py_ssize_t)row[SIZE];
    }
    return outcome;
}

/* Write the content of a delta behind those of its kind; `size` receives how long it is. */
static Outcome
write_rebuilt(Unpacker *self, const int64_t *row, int kind, Py_ssize_t *size)
{
    Outcome outcome = inflate_delta(self, row);
    if (outcome != DONE) {
        return outcome;
    }
    Content *base = &self->path[row[DEPTH] - 1];
    Delta delta = {(const uint8_t *)self->delta, (const uint8_t *)self->delta + self->delta_size};
    Py_ssize_t announced = delta_size(&delta);
    *size = delta_size(&delta);
    if (announced != base->size || *size < 0 || *size > self->limits[kind]) {
        return LEFT;
    }
    outcome = make_room(self, kind, *size);
    if (outcome != DONE) {
        return outcome;
    }
    return delta_rebuild(&delta, base->data, base->size, free_room(&self->batches[kind]), *size) ? DONE : LEFT;
}

/* Write the content of what is stored whole. */
static Outcome
write_whole(Unpacker *self, const int64_t *row, int kind, Py_ssize_t *size)
{
    *size = (Py_ssize_t)row[SIZE];
    Outcome outcome = make_room(self, kind, *size);
    if (outcome == DONE) {
        outcome = check(self, row);
    }
    return outcome == DONE ? inflate_entry(self, row, free_room(&self->batches[kind])) : outcome;
}

/* Read one entry. LEFT: nothing of it is done, but that its delta may be inflated. */
static Outcome
read_entry(Unpacker *self, const int64_t *row, Py_ssize_t nearest)
{
    int64_t depth = row[DEPTH];
    if (row[ODD] || depth <= nearest || !is_within(self, row)) {
        return LEFT;
    }
    int kind = depth ? self->kind : (int)row[STORED];
    if (kind < 1 || kind >= KINDS || (!depth && row[SIZE] > self->limits[kind])) {
        return LEFT;
    }
    Py_ssize_t size;
    Outcome outcome = depth ? write_rebuilt(self, row, kind, &size) : write_whole(self, row, kind, &size);
    if (outcome != DONE) {
        return outcome;
    }
    self->kind = kind;
    if (depth && row[LAST]) {
        drop(&self->path[depth - 1]);
    }
    Batch *batch = &self->batches[kind];
    if (row[FOLLOWING] > 1) {
        keep(&self->path[depth], batch->bytes, free_room(batch), size);
        ((char *)self->silent.buf)[depth] = 0;
    }
    add(batch, row[PLACE], size);
    return DONE;
}

/* --- What Python sees --- */

static PyObject *
run(Unpacker *self, PyObject *args)
{
    Py_buffer rows;
    Py_ssize_t at, after, nearest;
    if (!PyArg_ParseTuple(args, "y*nnn", &rows, &at, &after, &nearest)) {
        return NULL;
    }
    Outcome outcome = DONE;
    if (at < 0 || after > rows.len / (Py_ssize_t)(COLUMNS * sizeof(int64_t))) {
        PyErr_SetString(PyExc_ValueError, "there are fewer rows");
        outcome = FAILED;
    }
    self->full = 0;
    while (outcome == DONE && at < after) {
        outcome = read_entry(self, (const int64_t *)rows.buf + at * COLUMNS, nearest);
        at += outcome == DONE;
    }
    PyBuffer_Release(&rows);
    return outcome == FAILED ? NULL : PyLong_FromSsize_t(at);
}

static Content *
place_in_path(Unpacker *self, Py_ssize_t depth)
{
    if (depth < 0 || depth >= self->depths) {
        PyErr_SetString(PyExc_IndexError, "no object stands so deep");
        return NULL;
    }
    return &self->path[depth];
}

static PyObject *
content(Unpacker *self, PyObject *depth)
{
    Py_ssize_t number = PyLong_AsSsize_t(depth);
    Content *held = number == -1 && PyErr_Occurred() ? NULL : place_in_path(self, number);
    if (!held) {
        return NULL;
    }
    if (held->owner && PyBytes_Size(held->owner) == held->size) {
        return Py_NewRef(held->owner);
    }
    return PyBytes_FromStringAndSize(held->owner ? held->data : "", held->size);
}

static PyObject *
hold(Unpacker *self, PyObject *args)
{
    Py_ssize_t depth;
    PyObject *bytes;
    if (!PyArg_ParseTuple(args, "nS", &depth, &bytes)) {
        return NULL;
    }
    Content *held = place_in_path(self, depth);
    if (!held) {
        return NULL;
    }
    keep(held, bytes, PyBytes_AsString(bytes), PyBytes_Size(bytes));
    Py_RETURN_NONE;
}

static PyObject *
inflated(Unpacker *self, PyObject *place)
{
    int64_t number = PyLong_AsLongLong(place);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (number != self->delta_of || number < 0) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(self->delta, self->delta_size);
}

static PyObject *
put(Unpacker *self, PyObject *args)
{
    long long place;
    PyObject *bytes;
    if (!PyArg_ParseTuple(args, "LS", &place, &bytes)) {
        return NULL;
    }
    if (self->kind < 1 || self->kind >= KINDS) {
        PyErr_SetString(PyExc_ValueError, "of no kind");
        return NULL;
    }
    self->full = 0;
    Batch *batch = &self->batches[self->kind];
    Py_ssize_t size = PyBytes_Size(bytes);
    Outcome room = make_room(self, self->kind, size);
    if (room == FAILED) {
        return NULL;
    }
    if (room == DONE) {
        memcpy(free_room(batch), PyBytes_AsString(bytes), size);
        add(batch, place, size);
    }
    return PyBool_FromLong(room == DONE);
}

static PyObject *
take(Unpacker *self, PyObject *kind)
{
    long number = PyLong_AsLong(kind);
    if (number < 1 || number >= KINDS) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "no such kind");
        }
        return NULL;
    }
    Batch *batch = &self->batches[number];
    PyObject *bytes = batch->bytes;
    if (!batch->count) {
        return Py_BuildValue("yy", "", "");
    }
    if (batch->used == batch->room) {
        Py_INCREF(bytes);
    }
    else if (batch->used > batch->room - batch->room / 4) {
        /* Some line ends more cost less than a copy. */
        memset(free_room(batch), '\n', batch->room - batch->used);
        Py_INCREF(bytes);
    }
    else {
        bytes = PyBytes_FromStringAndSize(PyBytes_AsString(bytes), batch->used);
    }
    PyObject *marks = bytes ? PyBytes_FromStringAndSize((char *)batch->marks, 2 * batch->count * sizeof(int64_t)) : NULL;
    if (!marks) {
        Py_XDECREF(bytes);
        return NULL;
    }
    /* What is on the path keeps it. Nothing is written to it any more. */
    Py_CLEAR(batch->bytes);
    batch->count = 0;
    return Py_BuildValue("NN", bytes, marks);
}

static int
init(Unpacker *self, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    if (self->path) {
        PyErr_SetString(PyExc_TypeError, "it is made already");
        return -1;
    }
    PyObject *inflate, *crc32, *errors;
    Py_ssize_t *limits = self->limits;
    if (!PyArg_ParseTuple(
            args, "y*w*OOO(nnnn)n", &self->pack, &self->silent, &inflate, &crc32, &errors,
            &limits[1], &limits[2], &limits[3], &limits[4], &self->together)) {
        return -1;
    }
    if (!inflater_begin(&self->inflater, inflate, crc32, errors)) {
        return -1;
    }
    self->delta_of = -1;
    self->depths = self->silent.len;
    self->path = PyMem_Calloc(self->depths + 1, sizeof(Content));
    if (!self->path) {
        PyErr_NoMemory();
    }
    return self->path ? 0 : -1;
}

static void
dealloc(Unpacker *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (int kind = 0; kind < KINDS; kind++) {
        Py_XDECREF(self->batches[kind].bytes);
        PyMem_Free(self->batches[kind].marks);
    }
    for (Py_ssize_t depth = 0; self->path && depth < self->depths; depth++) {
        Py_XDECREF(self->path[depth].owner);
    }
    PyMem_Free(self->path);
    PyMem_Free(self->delta);
    inflater_end(&self->inflater);
    PyBuffer_Release(&self->pack);
    PyBuffer_Release(&self->silent);
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
