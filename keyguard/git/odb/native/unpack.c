/* The ordinary entries of a pack: inflated, checked, rebuilt and laid side by side, with no Python between them.

   unpack.py says what an unpacker is. What is out of the ordinary in any way (too large, damaged, on a base elsewhere) is
   left to the walk. */

#include "native.h"

#include <structmember.h>

/* The columns of a row: walk.py, `Entry`. */
enum { PLACE, BEGIN, AFTER, SIZE, STORED, DEPTH, LAST, FOLLOWING, ODD, OFFSET, CHECK, COLUMNS };

/* The kinds of objects, by their numbers in a pack's entries. */
enum { COMMIT = 1, TREE, BLOB, TAG, KINDS };

/* In place of the number of a base in the batch: batch.py. */
enum { WHOLE = -1, APART = -2, NEWS = -3 };

/* A content of more bytes lies by itself, and is looked at by itself where all of it has to be. */
#define SMALL (1 << 14)

/* Bytes of text that stand for one content at the most, and parts that they are of. */
#define MOST_TEXT (1 << 18)
#define MOST_SPANS 4096

/* Bytes of blobs that are held until they are looked at, from which on they are. */
#define ENOUGH (1 << 21)

/* How much of a blob's beginning and end is looked through for a NUL: batch.py, `BEGINNING` and `ENDING`. */
#define BEGINNING 1024
#define ENDING 4096

/* An object on the path, on which others stand. `number` is its own among the blobs that wait, or -1; then `silent` says
   whether there is nothing in it that whoever looks at it would have to look at again in a copy. */
typedef struct {
    Content content;
    int32_t number;
    int silent;
} Step;

/* A blob that waits, and what stands for it in the text, up to `end`. */
typedef struct {
    Content content;
    int64_t place;
    Py_ssize_t end;
    int32_t base;
    uint8_t peek[3];
} Blob;

/* A mark is the place of a content and where it ends. */
typedef struct {
    Heap heap;
    int64_t *marks;
    Py_ssize_t count, capacity;
} Batch;

typedef struct {
    PyObject_HEAD
    Py_buffer pack;
    Inflater inflater;
    Py_ssize_t limits[KINDS], together;
    Margins margins;
    Step *path;
    Py_ssize_t depths;
    Batch batches[KINDS];
    /* Blobs, of which small ones lie in the heap, and the text that is to be searched for all of them. */
    Blob *blobs;
    Py_ssize_t blobs_count, blobs_capacity, blobs_held;
    Heap small, text;
    /* The last delta that was inflated, and its place, or -1. */
    Heap delta;
    int64_t delta_of;
    int kind, full;
} Unpacker;

/* --- Batches of what is no blob --- */

/* See that one more content has room: LEFT where the batch has to be taken before. */
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
    if (batch->count && size >= batch->heap.room - batch->heap.used) {
        self->full = kind;
        return LEFT;
    }
    return heap_begin(&batch->heap, size + 1, self->together) ? DONE : FAILED;
}

/* Count in what was written to the room. */
static void
add(Batch *batch, int64_t place, Py_ssize_t size)
{
    heap_end(&batch->heap)[size] = '\n';
    batch->heap.used += size + 1;
    batch->marks[2 * batch->count] = place;
    batch->marks[2 * batch->count + 1] = batch->heap.used - 1;
    batch->count++;
}

/* --- Blobs --- */

/* See that one more blob can wait: LEFT where the others have to be taken before. */
static Outcome
make_way(Unpacker *self)
{
    if (self->blobs_held > ENOUGH || self->text.used > self->together) {
        self->full = BLOB;
        return LEFT;
    }
    if (self->blobs_count == self->blobs_capacity) {
        Py_ssize_t capacity = self->blobs_capacity ? 2 * self->blobs_capacity : 256;
        Blob *blobs = PyMem_Realloc(self->blobs, capacity * sizeof(Blob));
        if (!blobs) {
            PyErr_NoMemory();
            return FAILED;
        }
        self->blobs = blobs;
        self->blobs_capacity = capacity;
    }
    if (self->text.bytes) {
        return DONE;
    }
    return heap_begin(&self->text, self->together + MOST_TEXT + 1, 0) ? DONE : FAILED;
}

/* Memory for a content of `size` bytes, which is `owner`'s, to be released by the caller. */
static char *
room_for_blob(Unpacker *self, Py_ssize_t size, PyObject **owner)
{
    if (size > SMALL) {
        *owner = PyBytes_FromStringAndSize(NULL, size);
        return *owner ? PyBytes_AsString(*owner) : NULL;
    }
    if (!heap_begin(&self->small, size, self->together)) {
        return NULL;
    }
    *owner = Py_NewRef(self->small.bytes);
    return heap_end(&self->small);
}

static void
write_text(Unpacker *self, const char *data, Py_ssize_t size)
{
    memcpy(heap_end(&self->text), data, size);
    heap_end(&self->text)[size] = '\n';
    self->text.used += size + 1;
}

/* Write what is new in a blob, which was rebuilt of a delta; 0 where a look at all of it costs less. */
static int
write_news(Unpacker *self, const Content *content, Delta delta, Py_ssize_t base_size)
{
    Span spans[MOST_SPANS];
    Py_ssize_t count = delta_news(delta, base_size, content->size, self->margins, spans, MOST_SPANS);
    Py_ssize_t all = count;
    for (Py_ssize_t number = 0; number < count; number++) {
        all += spans[number].end - spans[number].begin;
    }
    if (count < 0 || all > MOST_TEXT || 4 * all > 3 * content->size) {
        return 0;
    }
    for (Py_ssize_t number = 0; number < count; number++) {
        write_text(self, content->data + spans[number].begin, spans[number].end - spans[number].begin);
    }
    return 1;
}

static int
has_nul(const Content *content)
{
    Py_ssize_t beginning = content->size < BEGINNING ? content->size : BEGINNING;
    Py_ssize_t ending = content->size < ENDING ? content->size : ENDING;
    return memchr(content->data, 0, beginning) || memchr(content->data + content->size - ending, 0, ending);
}

/* Let a blob wait. With `base` it stands on that, by the instructions of a delta. */
static Blob *
add_blob(Unpacker *self, int64_t place, const Content *content, const Step *base, const Delta *delta)
{
    Blob *blob = &self->blobs[self->blobs_count++];
    *blob = (Blob){.place = place, .content = *content};
    Py_INCREF(content->owner);
    memcpy(blob->peek, content->data, content->size < 2 ? content->size : 2);
    blob->peek[2] = (uint8_t)has_nul(content);
    self->blobs_held += content->size;
    if (base && (base->number >= 0 || base->silent) && write_news(self, content, *delta, base->content.size)) {
        blob->base = base->number >= 0 ? base->number : NEWS;
    }
    else if (content->size <= SMALL) {
        write_text(self, content->data, content->size);
        blob->base = WHOLE;
    }
    else {
        blob->base = APART;
    }
    blob->end = self->text.used;
    return blob;
}

/* Have others stand on the blob that was added last. */
static void
hold_blob(Unpacker *self, int64_t depth)
{
    const Content *content = &self->blobs[self->blobs_count - 1].content;
    Step *step = &self->path[depth];
    content_hold(&step->content, content->owner, content->data, content->size);
    step->number = (int32_t)(self->blobs_count - 1);
}

/* --- Entries --- */

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
read_delta(Unpacker *self, const int64_t *row, int kind, Delta *delta, Py_ssize_t *size)
{
    if (self->delta_of != row[PLACE]) {
        self->delta_of = -1;
        self->delta.used = 0;
        if (!heap_begin(&self->delta, (Py_ssize_t)row[SIZE], MOST_TEXT)) {
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
    int fits = announced == self->path[row[DEPTH] - 1].content.size && *size >= 0 && *size <= self->limits[kind];
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
    Outcome outcome = make_way(self);
    if (outcome != DONE) {
        return outcome;
    }
    PyObject *owner = NULL;
    char *data = room_for_blob(self, size, &owner);
    outcome = data ? write_content(self, row, delta, data, size) : FAILED;
    if (outcome == DONE) {
        self->small.used += size > SMALL ? 0 : size;
        Content content = {owner, data, size};
        add_blob(self, row[PLACE], &content, row[DEPTH] ? &self->path[row[DEPTH] - 1] : NULL, delta);
        if (row[FOLLOWING] > 1) {
            hold_blob(self, row[DEPTH]);
        }
    }
    Py_XDECREF(owner);
    return outcome;
}

static Outcome
read_other(Unpacker *self, const int64_t *row, int kind, const Delta *delta, Py_ssize_t size)
{
    Batch *batch = &self->batches[kind];
    Outcome outcome = make_room(self, kind, size);
    if (outcome == DONE) {
        outcome = write_content(self, row, delta, heap_end(&batch->heap), size);
    }
    if (outcome == DONE) {
        if (row[FOLLOWING] > 1) {
            content_hold(&self->path[row[DEPTH]].content, batch->heap.bytes, heap_end(&batch->heap), size);
        }
        add(batch, row[PLACE], size);
    }
    return outcome;
}

/* Read one entry. LEFT: nothing of it is done, but that its delta may be at hand. */
static Outcome
read_entry(Unpacker *self, const int64_t *row, Py_ssize_t nearest)
{
    int64_t depth = row[DEPTH];
    if (row[ODD] || depth <= nearest || !is_within(self, row)) {
        return LEFT;
    }
    int kind = depth ? self->kind : (int)row[STORED];
    if (kind < COMMIT || kind >= KINDS) {
        return LEFT;
    }
    Py_ssize_t size = (Py_ssize_t)row[SIZE];
    Delta delta = {NULL, NULL};
    Outcome outcome = !depth && size > self->limits[kind] ? LEFT : DONE;
    if (depth) {
        outcome = read_delta(self, row, kind, &delta, &size);
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
    self->full = 0;
    Content content = {bytes, PyBytes_AsString(bytes), PyBytes_Size(bytes)};
    Outcome outcome = self->kind == BLOB ? make_way(self) : make_room(self, self->kind, content.size);
    if (outcome == FAILED) {
        return NULL;
    }
    if (outcome == LEFT) {
        Py_RETURN_FALSE;
    }
    if (self->kind == BLOB) {
        add_blob(self, place, &content, NULL, NULL);
        if (depth >= 0) {
            hold_blob(self, depth);
        }
    }
    else {
        Batch *batch = &self->batches[self->kind];
        memcpy(heap_end(&batch->heap), content.data, content.size);
        add(batch, place, content.size);
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
    Batch *batch = &self->batches[number];
    PyObject *marks = PyBytes_FromStringAndSize((const char *)batch->marks, 2 * batch->count * sizeof(int64_t));
    /* What is on the path keeps its content. Nothing is written to it any more. */
    PyObject *data = marks ? heap_take(&batch->heap) : NULL;
    if (!data) {
        Py_XDECREF(marks);
        return NULL;
    }
    batch->count = 0;
    return Py_BuildValue("NN", data, marks);
}

static PyObject *
take_text(Unpacker *self, PyObject *Py_UNUSED(nothing))
{
    Py_ssize_t count = self->blobs_count;
    PyObject *marks = PyBytes_FromStringAndSize(NULL, 4 * count * sizeof(int64_t));
    PyObject *peeks = PyBytes_FromStringAndSize(NULL, 3 * count);
    PyObject *text = marks && peeks ? heap_take(&self->text) : NULL;
    if (!text) {
        Py_XDECREF(marks);
        Py_XDECREF(peeks);
        return NULL;
    }
    char *to_marks = PyBytes_AsString(marks), *to_peeks = PyBytes_AsString(peeks);
    for (Py_ssize_t number = 0; number < count; number++) {
        const Blob *blob = &self->blobs[number];
        int64_t mark[] = {blob->place, blob->end, blob->base, blob->content.size};
        memcpy(to_marks + number * sizeof(mark), mark, sizeof(mark));
        memcpy(to_peeks + 3 * number, blob->peek, 3);
    }
    return Py_BuildValue("NNN", text, marks, peeks);
}

static PyObject *
blob(Unpacker *self, PyObject *number)
{
    Py_ssize_t index = PyLong_AsSsize_t(number);
    if (index == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (index < 0 || index >= self->blobs_count) {
        PyErr_SetString(PyExc_IndexError, "so many blobs do not wait");
        return NULL;
    }
    return content_bytes(&self->blobs[index].content);
}

static void
drop_blobs(Unpacker *self)
{
    for (Py_ssize_t number = 0; number < self->blobs_count; number++) {
        content_drop(&self->blobs[number].content);
    }
    self->blobs_count = self->blobs_held = 0;
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
    drop_blobs(self);
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
    Py_ssize_t *limits = self->limits;
    if (!PyArg_ParseTuple(
            args, "y*nOOO(nnnn)n(nn)", &self->pack, &self->depths, &inflate, &crc32, &errors, &limits[COMMIT],
            &limits[TREE], &limits[BLOB], &limits[TAG], &self->together, &self->margins.before,
            &self->margins.behind)) {
        return -1;
    }
    if (self->depths < 0 || self->margins.before < 0 || self->margins.behind < 0 || self->together < SMALL) {
        PyErr_SetString(PyExc_ValueError, "a number is too small");
        return -1;
    }
    if (!inflater_begin(&self->inflater, inflate, crc32, errors)) {
        return -1;
    }
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
        Py_XDECREF(self->batches[kind].heap.bytes);
        PyMem_Free(self->batches[kind].marks);
    }
    drop_blobs(self);
    PyMem_Free(self->blobs);
    for (Py_ssize_t depth = 0; self->path && depth < self->depths; depth++) {
        content_drop(&self->path[depth].content);
    }
    PyMem_Free(self->path);
    Py_XDECREF(self->small.bytes);
    Py_XDECREF(self->text.bytes);
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
