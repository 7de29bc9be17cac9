/* What trees name: links.py, `Gatherer`. An entry of a tree is `mode SP name NUL id`, with a raw id. */

#include "native.h"

/* How an entry begins that names a commit of another repository: kinds.py, `GITLINK`. */
#define GITLINK "160000 "
#define GITLINK_SIZE 7

/* Places of a table that are tried for an id or a name. Whoever makes some that meet there gains no more than longer
   lists. */
#define TRIES 16

/* How many names there may be, and how many bytes of them: as in names.py. */
#define MOST_NAMES (1 << 20)
#define MOST_OF_NAMES (32 << 20)

/* The places of a table, at the least and at the most: with more ids at a time all runs are cut. */
#define LEAST (1 << 12)
#define MOST (1 << 17)

/* In place of an object's number. Behind NOT_STORED come the numbers of ids that are not stored, downwards. */
enum { NOTHING = -1, NOT_STORED = -2 };

/* The ids of a store, ascending; those that begin with two bytes lie from `buckets[bytes]` to `buckets[bytes + 1]`. */
typedef struct {
    Py_buffer oids, buckets;
    Py_ssize_t oid_size;
} Catalogue;

/* An object that the holders `first` to `last` name without a gap, by one name. Of its id sixteen bytes are kept: nobody
   can make two that are alike in these. */
typedef struct {
    uint64_t beginning, ending;
    int32_t number, first, last, name;
} Run;

/* An entry of a tree. `id` is a raw one, `mix` a number that entries of one name have in common. */
typedef struct {
    const uint8_t *name, *id;
    Py_ssize_t length;
    uint64_t beginning, ending, mix;
} Entry;

/* Columns that grow. */
typedef struct {
    char *data;
    size_t used, room;
} Column;

/* The names of entries, each with a NUL behind it, and where each begins and the next one would. The table has the places
   of most of them among these, plus one. */
typedef struct {
    Column text, starts;
    int32_t *table, count;
    uint64_t mask;
} Names;

/* The latest run of each object that is named, and all runs before, as columns. */
typedef struct {
    PyObject_HEAD
    Catalogue catalogue;
    Run *table;
    size_t mask, count;
    Names names;
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

/* A number that is the same for all entries of a name. */
static uint64_t
mix_of(const uint8_t *name, Py_ssize_t length)
{
    uint64_t first = (uint64_t)length, last = 0;
    if (length >= 8) {
        memcpy(&first, name, 8);
        memcpy(&last, name + length - 8, 8);
    }
    else {
        for (Py_ssize_t at = 0; at < length; at++) {
            first = first << 8 | name[at];
        }
    }
    uint64_t mix = (first ^ last * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    return mix ^ mix >> 32;
}

/* The entry that an object under the name at a place is, but for its id. */
static Entry
entry_of(const Names *names, int32_t place)
{
    const uint32_t *starts = (const uint32_t *)names->starts.data + place;
    const uint8_t *name = (const uint8_t *)names->text.data + starts[0];
    Py_ssize_t length = starts[1] - starts[0] - 1;
    return (Entry){.name = name, .length = length, .mix = mix_of(name, length)};
}

/* Make names that have but the empty one, which is nobody's. */
static int
names_begin(Names *names)
{
    uint32_t starts[] = {0, 1};
    *names = (Names){{NULL, 0, 0}, {NULL, 0, 0}, PyMem_Calloc(LEAST, sizeof(int32_t)), 1, LEAST - 1};
    if (!names->table) {
        PyErr_NoMemory();
        return 0;
    }
    return append(&names->text, "", 1) && append(&names->starts, starts, sizeof(starts));
}

static void
names_end(Names *names)
{
    PyMem_Free(names->text.data);
    PyMem_Free(names->starts.data);
    PyMem_Free(names->table);
    *names = (Names){{NULL, 0, 0}, {NULL, 0, 0}, NULL, 0, 0};
}

static int
names_grow(Names *names)
{
    uint64_t places = 2 * (names->mask + 1);
    int32_t *table = PyMem_Calloc(places, sizeof(int32_t));
    if (!table) {
        PyErr_NoMemory();
        return 0;
    }
    PyMem_Free(names->table);
    names->table = table;
    names->mask = places - 1;
    for (int32_t place = 0; place < names->count; place++) {
        uint64_t mix = entry_of(names, place).mix;
        for (size_t tries = 0; tries < TRIES; tries++) {
            int32_t *known = &table[(mix + tries) & names->mask];
            if (!*known) {
                *known = place + 1;
                break;
            }
        }
    }
    return 1;
}

/* Whether an entry has the name at a place. */
static int
is_named(const Names *names, int32_t place, const Entry *entry)
{
    const uint32_t *starts = (const uint32_t *)names->starts.data + place;
    return starts[1] - starts[0] - 1 == (uint32_t)entry->length
        && !memcmp(names->text.data + starts[0], entry->name, entry->length);
}

/* The place of the name of an entry: DONE, LEFT where there are too many. A name may get another place later on. */
static Outcome
name_place(Names *names, const Entry *entry, int32_t *place)
{
    int32_t *known = NULL;
    for (size_t tries = 0; tries < TRIES; tries++) {
        known = &names->table[(entry->mix + tries) & names->mask];
        if (!*known) {
            break;
        }
        if (is_named(names, *known - 1, entry)) {
            *place = *known - 1;
            return DONE;
        }
    }
    if (names->count == MOST_NAMES || names->text.used + entry->length >= MOST_OF_NAMES) {
        return LEFT;
    }
    *place = names->count;
    uint32_t after = (uint32_t)(names->text.used + entry->length + 1);
    if (!append(&names->text, entry->name, entry->length + 1) || !append(&names->starts, &after, sizeof(after))) {
        return FAILED;
    }
    *known = ++names->count;
    return (uint64_t)names->count <= names->mask / 2 || names_grow(names) ? DONE : FAILED;
}

/* Put a run, which is over, into the columns. */
static int
finish(TreeNames *self, const Run *run)
{
    if (run->number <= NOT_STORED) {
        int32_t row[] = {NOT_STORED - run->number, run->first, run->last};
        return append(&self->gone, row, sizeof(row));
    }
    int32_t row[] = {run->number, run->first, run->last, run->name};
    return append(&self->runs, row, sizeof(row));
}

static int
is_of(const Names *names, const Run *run, const Entry *entry)
{
    return run->beginning == entry->beginning && run->ending == entry->ending && is_named(names, run->name, entry);
}

/* The place of the table for an entry: its own, one that is free, or, where all that are tried are taken, the first. */
static Run *
find_place(TreeNames *self, const Entry *entry)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        Run *run = &self->table[(entry->beginning + entry->mix + tries) & self->mask];
        if (run->number == NOTHING || is_of(&self->names, run, entry)) {
            return run;
        }
    }
    return &self->table[(entry->beginning + entry->mix) & self->mask];
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
            Entry entry = entry_of(&self->names, before[place].name);
            entry.beginning = before[place].beginning;
            entry.ending = before[place].ending;
            Run *run = find_place(self, &entry);
            good = run->number == NOTHING || finish(self, run);
            self->count += run->number == NOTHING;
            *run = before[place];
        }
    }
    PyMem_Free(before);
    return good;
}

/* An entry names an object: its run goes on where the same holder had such an entry last, or the one before. LEFT where
   there are too many names. */
static Outcome
name(TreeNames *self, const Entry *entry, int32_t holder)
{
    Run *run = find_place(self, entry);
    int taken = run->number != NOTHING, known = taken && is_of(&self->names, run, entry);
    if (known && (holder == run->last || holder - 1 == run->last)) {
        run->last = holder;
        return DONE;
    }
    Run next = {entry->beginning, entry->ending, run->number, holder, holder, run->name};
    if (!known) {
        Outcome outcome = name_place(&self->names, entry, &next.name);
        if (outcome != DONE) {
            return outcome;
        }
        next.number = number_of(&self->catalogue, entry->id);
        if (next.number == NOTHING) {
            next.number = NOT_STORED - (int32_t)(self->gone_ids.used / self->catalogue.oid_size);
            if (!append(&self->gone_ids, entry->id, self->catalogue.oid_size)) {
                return FAILED;
            }
        }
    }
    if (taken && !finish(self, run)) {
        return FAILED;
    }
    *run = next;
    self->count += !taken;
    return self->count <= self->mask - self->mask / 4 || grow(self) ? DONE : FAILED;
}

/* Take a tree apart: LEFT where it is none. */
static Outcome
name_all(TreeNames *self, const uint8_t *at, const uint8_t *end, int32_t holder)
{
    Py_ssize_t oid_size = self->catalogue.oid_size;
    Outcome outcome = DONE;
    while (outcome == DONE && at < end) {
        const uint8_t *nul = memchr(at, 0, end - at), *space = at;
        if (!nul || end - nul <= oid_size) {
            return LEFT;
        }
        while (*space != ' ') {
            if (++space >= nul) {
                return LEFT;
            }
        }
        if (nul - at < GITLINK_SIZE || memcmp(at, GITLINK, GITLINK_SIZE)) {
            Entry entry = {.name = space + 1, .id = nul + 1, .length = nul - space - 1};
            memcpy(&entry.beginning, entry.id, 8);
            memcpy(&entry.ending, entry.id + oid_size - 8, 8);
            entry.mix = mix_of(entry.name, entry.length);
            outcome = name(self, &entry, holder);
        }
        at = nul + 1 + oid_size;
    }
    return outcome;
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
    names_end(&self->names);
    self->table = NULL;
    self->runs = self->gone = self->gone_ids = (Column){NULL, 0, 0};
}

/* take(): the runs since this was last called, as rows of number, first and last holder and the place of the name, of four
   bytes each; the first three of what is not stored, by the numbers of ids; these; and the names, each with a NUL behind
   it. */
static PyObject *
take(TreeNames *self, PyObject *Py_UNUSED(nothing))
{
    int good = finish_all(self);
    PyObject *runs = bytes_of(&self->runs), *gone = bytes_of(&self->gone), *ids = bytes_of(&self->gone_ids);
    PyObject *names = bytes_of(&self->names.text), *result = NULL;
    empty(self);
    if (make_table(self, LEAST) && names_begin(&self->names) && good && runs && gone && ids && names) {
        result = Py_BuildValue("OOOO", runs, gone, ids, names);
    }
    Py_XDECREF(names);
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
    return catalogue_fits(catalogue) && make_table(self, LEAST) && names_begin(&self->names) ? 0 : -1;
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
