/* What trees name: links.py, `Gatherer`, and kin/tree_reader.py. An entry of a tree is `mode SP name NUL id`, with a raw
   id. */

#include "native.h"

/* How an entry begins that names a commit of another repository: kinds.py, `GITLINK`. */
#define GITLINK "160000 "
#define GITLINK_SIZE 7

/* Places of the table that are tried for an id. Whoever makes ids that meet there gains no more than longer lists. */
#define TRIES 16

/* The places of a table, at the least and at the most: with more ids at a time all runs are cut. */
#define LEAST (1 << 12)
#define MOST (1 << 18)

/* In place of an object's number. Behind NOT_STORED come the numbers of ids that are not stored, downwards. */
enum { NOTHING = -1, NOT_STORED = -2 };

/* The ids of a store, ascending; those that begin with two bytes lie from `buckets[bytes]` to `buckets[bytes + 1]`. */
typedef struct {
    Py_buffer oids, buckets;
    Py_ssize_t oid_size;
} Catalogue;

/* An object that the holders `first` to `last` name without a gap. Of its id sixteen bytes are kept: nobody can make two
   that are alike in these. */
typedef struct {
    uint64_t beginning, ending;
    int32_t number, first, last;
} Run;

/* Columns that grow. */
typedef struct {
    char *data;
    size_t used, room;
} Column;

/* The latest run of each object that is named, and all runs before, as columns. */
typedef struct {
    PyObject_HEAD
    Catalogue catalogue;
    Run *table;
    size_t mask, count;
    Column runs, gone, gone_ids;
} TreeNames;

static int
append(Column *column, const void *data, size_t size)
{
    if (size > column->room - column->used) {
        size_t room = 2 * column->room + size + 4096;
        char *more = PyMem_Realloc(column->data, room);
        if (!more) {
            PyErr_NoMemory();
            return 0;
        }
        column->data = more;
        column->room = room;
    }
    memcpy(column->data + column->used, data, size);
    column->used += size;
    return 1;
}

/* The number of an object; NOTHING where it is not stored. */
static int32_t
number_of(const Catalogue *catalogue, const uint8_t *oid)
{
    const uint8_t *oids = catalogue->oids.buf;
    const int32_t *buckets = catalogue->buckets.buf;
    int bucket = oid[0] << 8 | oid[1];
    int32_t low = buckets[bucket], high = buckets[bucket + 1];
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = memcmp(oids + middle * catalogue->oid_size, oid, catalogue->oid_size);
        if (!order) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return NOTHING;
}

static int
catalogue_fits(const Catalogue *catalogue)
{
    const int32_t *buckets = catalogue->buckets.buf;
    if (catalogue->oid_size < 16 || catalogue->buckets.len != (Py_ssize_t)(((1 << 16) + 1) * sizeof(int32_t))
        || (int64_t)buckets[1 << 16] * catalogue->oid_size > catalogue->oids.len) {
        PyErr_SetString(PyExc_ValueError, "columns that do not fit");
        return 0;
    }
    return 1;
}

/* Put a run, which is over, into the columns. */
static int
finish(TreeNames *self, const Run *run)
{
    int32_t index = run->number > NOT_STORED ? run->number : NOT_STORED - run->number;
    int32_t row[] = {index, run->first, run->last};
    return append(run->number > NOT_STORED ? &self->runs : &self->gone, row, sizeof(row));
}

/* The place of the table for an id: its own, one that is free, or, where all that are tried are taken, the first. */
static Run *
find_place(TreeNames *self, uint64_t beginning, uint64_t ending)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        Run *run = &self->table[(beginning + tries) & self->mask];
        if (run->number == NOTHING || (run->beginning == beginning && run->ending == ending)) {
            return run;
        }
    }
    return &self->table[beginning & self->mask];
}

static int
make_table(TreeNames *self, size_t places)
{
    self->table = PyMem_Malloc(places * sizeof(Run));
    if (!self->table) {
        PyErr_NoMemory();
        return 0;
    }
    for (size_t place = 0; place < places; place++) {
        self->table[place].number = NOTHING;
    }
    self->mask = places - 1;
    self->count = 0;
    return 1;
}

/* Put all runs into the columns. */
static int
finish_all(TreeNames *self)
{
    for (size_t place = 0; place <= self->mask; place++) {
        if (self->table[place].number != NOTHING && !finish(self, &self->table[place])) {
            return 0;
        }
        self->table[place].number = NOTHING;
    }
    self->count = 0;
    return 1;
}

static int
grow(TreeNames *self)
{
    Run *before = self->table;
    size_t places = self->mask + 1;
    if (places >= MOST) {
        return finish_all(self);
    }
    if (!make_table(self, 2 * places)) {
        self->table = before;
        return 0;
    }
    int good = 1;
    for (size_t place = 0; good && place < places; place++) {
        if (before[place].number != NOTHING) {
            Run *run = find_place(self, before[place].beginning, before[place].ending);
            good = run->number == NOTHING || finish(self, run);
            self->count += run->number == NOTHING;
            *run = before[place];
        }
    }
    PyMem_Free(before);
    return good;
}

/* A holder names an object: its run goes on where it was named by the same holder last, or by the one before. */
static int
name(TreeNames *self, const uint8_t *oid, int32_t holder)
{
    uint64_t beginning, ending;
    memcpy(&beginning, oid, sizeof(beginning));
    memcpy(&ending, oid + self->catalogue.oid_size - sizeof(ending), sizeof(ending));
    Run *run = find_place(self, beginning, ending);
    int known = run->number != NOTHING && run->beginning == beginning && run->ending == ending;
    if (known && (holder == run->last || holder - 1 == run->last)) {
        run->last = holder;
        return 1;
    }
    int32_t number = run->number;
    if (number != NOTHING && !finish(self, run)) {
        return 0;
    }
    self->count += number == NOTHING;
    if (!known) {
        number = number_of(&self->catalogue, oid);
        if (number == NOTHING) {
            number = NOT_STORED - (int32_t)(self->gone_ids.used / self->catalogue.oid_size);
            if (!append(&self->gone_ids, oid, self->catalogue.oid_size)) {
                return 0;
            }
        }
    }
    *run = (Run){beginning, ending, number, holder, holder};
    return self->count <= self->mask - self->mask / 4 || grow(self);
}

/* Where the name of the entry ends that begins at `at`; NULL where none does. */
static const uint8_t *
name_end(const uint8_t *at, const uint8_t *end, Py_ssize_t oid_size)
{
    const uint8_t *nul = memchr(at, 0, end - at);
    return nul && end - nul > oid_size ? nul : NULL;
}

/* Take a tree apart: LEFT where it is none. */
static Outcome
name_all(TreeNames *self, const uint8_t *at, const uint8_t *end, int32_t holder)
{
    while (at < end) {
        const uint8_t *nul = name_end(at, end, self->catalogue.oid_size);
        if (!nul) {
            return LEFT;
        }
        if ((nul - at < GITLINK_SIZE || memcmp(at, GITLINK, GITLINK_SIZE)) && !name(self, nul + 1, holder)) {
            return FAILED;
        }
        at = nul + 1 + self->catalogue.oid_size;
    }
    return DONE;
}

/* --- What Python sees --- */

/* add(text, ends, holders): take apart the trees that end at `ends` of a text, with a byte between each two. False where
   one of them is none. */
static PyObject *
add(TreeNames *self, PyObject *args)
{
    Py_buffer text, ends, holders;
    if (!PyArg_ParseTuple(args, "y*y*y*", &text, &ends, &holders)) {
        return NULL;
    }
    Py_ssize_t count = ends.len / (Py_ssize_t)sizeof(int64_t);
    Outcome outcome = DONE;
    int64_t begin = 0;
    for (Py_ssize_t tree = 0; outcome == DONE && tree < count; tree++) {
        int64_t end = ((const int64_t *)ends.buf)[tree];
        if (holders.len != ends.len || end < begin || end > text.len) {
            PyErr_SetString(PyExc_ValueError, "columns that do not fit");
            outcome = FAILED;
        }
        else {
            const uint8_t *data = text.buf;
            int32_t holder = (int32_t)((const int64_t *)holders.buf)[tree];
            outcome = name_all(self, data + begin, data + end, holder);
            begin = end + 1;
        }
    }
    PyBuffer_Release(&text);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&holders);
    return outcome == FAILED ? NULL : PyBool_FromLong(outcome == DONE);
}

static PyObject *
bytes_of(const Column *column)
{
    return PyBytes_FromStringAndSize(column->used ? column->data : "", (Py_ssize_t)column->used);
}

static void
empty(TreeNames *self)
{
    PyMem_Free(self->table);
    PyMem_Free(self->runs.data);
    PyMem_Free(self->gone.data);
    PyMem_Free(self->gone_ids.data);
    self->table = NULL;
    self->runs = self->gone = self->gone_ids = (Column){NULL, 0, 0};
}

/* take(): the runs since this was last called, as rows of number, first and last holder, of four bytes each; the same of
   what is not stored, by the numbers of ids; and these. */
static PyObject *
take(TreeNames *self, PyObject *Py_UNUSED(nothing))
{
    int good = finish_all(self);
    PyObject *runs = bytes_of(&self->runs), *gone = bytes_of(&self->gone), *ids = bytes_of(&self->gone_ids);
    empty(self);
    PyObject *result = NULL;
    if (make_table(self, LEAST) && good && runs && gone && ids) {
        result = Py_BuildValue("OOO", runs, gone, ids);
    }
    Py_XDECREF(runs);
    Py_XDECREF(gone);
    Py_XDECREF(ids);
    return result;
}

static int
init(TreeNames *self, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    Catalogue *catalogue = &self->catalogue;
    if (self->table) {
        PyErr_SetString(PyExc_TypeError, "it is made already");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "ny*y*", &catalogue->oid_size, &catalogue->oids, &catalogue->buckets)) {
        return -1;
    }
    return catalogue_fits(catalogue) && make_table(self, LEAST) ? 0 : -1;
}

static void
dealloc(TreeNames *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    empty(self);
    PyBuffer_Release(&self->catalogue.oids);
    PyBuffer_Release(&self->catalogue.buckets);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)add, METH_VARARGS, NULL},
    {"take", (PyCFunction)take, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_init, init}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

PyType_Spec tree_names_spec = {"keyguard.git.odb._native.TreeNames", sizeof(TreeNames), 0, Py_TPFLAGS_DEFAULT, slots};

/* --- Entries of some objects --- */

/* The objects that are looked for: a flag for each of the catalogue, and a bit for each beginning of an id. */
typedef struct {
    Catalogue catalogue;
    Py_buffer flags, beginnings;
} Chosen;

/* Bits of an id of which each beginning has a bit: tree_reader.py, `BEGINNING`. */
#define BEGINNING 22

/* The number of a chosen object; NOTHING where it is none. */
static int32_t
chosen_number(const Chosen *chosen, const uint8_t *oid)
{
    const uint8_t *bits = chosen->beginnings.buf, *flags = chosen->flags.buf;
    uint32_t beginning = ((uint32_t)oid[0] << 16 | oid[1] << 8 | oid[2]) >> (24 - BEGINNING);
    if (!(bits[beginning >> 3] >> (beginning & 7) & 1)) {
        return NOTHING;
    }
    int32_t number = number_of(&chosen->catalogue, oid);
    return number != NOTHING && flags[number] ? number : NOTHING;
}

/* Put the entries of a tree that name chosen objects into a column of rows: LEFT where it is no tree. */
static Outcome
choose(const Chosen *chosen, Column *rows, const uint8_t *text, int64_t tree, int64_t begin, int64_t end)
{
    while (begin < end) {
        const uint8_t *nul = name_end(text + begin, text + end, chosen->catalogue.oid_size);
        if (!nul) {
            return LEFT;
        }
        int64_t row[] = {tree, begin, nul + 1 - text, chosen_number(chosen, nul + 1)};
        if (row[3] != NOTHING && !append(rows, row, sizeof(row))) {
            return FAILED;
        }
        begin = row[2] + chosen->catalogue.oid_size;
    }
    return DONE;
}

/* chosen_entries(text, ends, oid_size, oids, buckets, flags, beginnings): the entries of the trees that end at `ends` of
   a text, with a byte between each two, which name chosen objects. A row has the number of the tree, where the entry
   begins, where its id does, and the number of the object. None where one is no tree. */
PyObject *
chosen_entries(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer text, ends;
    Chosen chosen;
    if (!PyArg_ParseTuple(
            args, "y*y*ny*y*y*y*", &text, &ends, &chosen.catalogue.oid_size, &chosen.catalogue.oids,
            &chosen.catalogue.buckets, &chosen.flags, &chosen.beginnings)) {
        return NULL;
    }
    Column rows = {NULL, 0, 0};
    Outcome outcome = FAILED;
    if (catalogue_fits(&chosen.catalogue)) {
        int32_t objects = ((const int32_t *)chosen.catalogue.buckets.buf)[1 << 16];
        int64_t begin = 0, count = ends.len / (Py_ssize_t)sizeof(int64_t);
        outcome = DONE;
        for (int64_t tree = 0; outcome == DONE && tree < count; tree++) {
            int64_t end = ((const int64_t *)ends.buf)[tree];
            if (end < begin || end > text.len || chosen.flags.len < objects
                || chosen.beginnings.len < 1 << (BEGINNING - 3)) {
                PyErr_SetString(PyExc_ValueError, "columns that do not fit");
                outcome = FAILED;
            }
            else {
                outcome = choose(&chosen, &rows, text.buf, tree, begin, end);
                begin = end + 1;
            }
        }
    }
    PyObject *result = outcome == DONE ? bytes_of(&rows) : outcome == LEFT ? Py_NewRef(Py_None) : NULL;
    PyMem_Free(rows.data);
    PyBuffer_Release(&text);
    PyBuffer_Release(&ends);
    PyBuffer_Release(&chosen.catalogue.oids);
    PyBuffer_Release(&chosen.catalogue.buckets);
    PyBuffer_Release(&chosen.flags);
    PyBuffer_Release(&chosen.beginnings);
    return result;
}
