/* What trees name: links.py, `Gatherer`. An entry of a tree is `mode SP name NUL id`, with a raw id. */

#include "native.h"

/* How an entry begins that names a commit of another repository: kinds.py, `GITLINK`. */
#define GITLINK "160000 "
#define GITLINK_SIZE 7

/* Places of the table of runs that are tried for an entry. Where more meet, lists are longer. */
#define TRIES 16

/* Entries of a tree that are looked at ahead, so that their places of the table are in the cache when it is their turn. */
#define AHEAD 16

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) (void)(address)
#endif

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

/* An object that the holders `first` to `last` name without a gap, by one name. `one` and `other` are of an entry. */
typedef struct {
    uint64_t one, other;
    int32_t number, first, last, name;
} Run;

/* An entry of a tree: its name, the hash of that, and a raw id.

   `one` and `other` stand for id and name: sixteen bytes of the id, of which nobody can make two that are alike, and the
   hash, which goes by secret numbers, so that nobody knows two names of which it is the same. */
typedef struct {
    const uint8_t *name, *id;
    Py_ssize_t length;
    uint64_t hash, one, other;
} Entry;

/* Columns that grow. */
typedef struct {
    char *data;
    size_t used, room;
} Column;

/* The names of entries, each with a NUL behind it; where each begins, and the next one would; and the hash of each. The
   table has the places of all but the first, plus one. Of the text `told` bytes were given to Python. */
typedef struct {
    Column text, starts, hashes;
    size_t told;
    int32_t *table, count;
    uint64_t mask;
} Names;

/* The latest run of each object that is named, and all runs before, as columns. */
typedef struct {
    PyObject_HEAD
    Catalogue catalogue;
    uint64_t secrets[2];
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
    /* Nearly always the next two bytes decide. */
    int beyond = oid[2] << 8 | oid[3];
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        const uint8_t *found = oids + middle * catalogue->oid_size;
        int order = (found[2] << 8 | found[3]) - beyond;
        if (!order) {
            order = memcmp(found + 4, oid + 4, catalogue->oid_size - 4);
        }
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

/* The upper half of the product of two numbers, and the lower one, mixed. */
static uint64_t
mixed(uint64_t one, uint64_t other)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)one * other;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (uint32_t)one * (uint64_t)(uint32_t)other, high = (one >> 32) * (other >> 32);
    uint64_t left = (one >> 32) * (uint32_t)other, right = (uint32_t)one * (other >> 32);
    uint64_t middle = (low >> 32) + (uint32_t)left + (uint32_t)right;
    high += (left >> 32) + (right >> 32) + (middle >> 32);
    return (middle << 32 | (uint32_t)low) ^ high;
#endif
}

/* The hash of a name, behind which at least eight more bytes are. */
static uint64_t
hash_of(const uint64_t *secrets, const uint8_t *name, Py_ssize_t length)
{
    uint64_t hash = mixed((uint64_t)length ^ secrets[0], secrets[1]);
    for (Py_ssize_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        if (length - at >= 8) {
            memcpy(&word, name + at, 8);
        }
        else {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            memcpy(&word, name + at, 8);
            word &= ((uint64_t)1 << 8 * (length - at)) - 1;
#else
            memcpy(&word, name + at, length - at);
#endif
        }
        hash = mixed(word ^ secrets[0], hash ^ secrets[1]);
    }
    return hash;
}

/* Make names that have but the empty one, which is nobody's. */
static int
names_begin(Names *names)
{
    uint32_t starts[] = {0, 1};
    uint64_t hash = 0;
    *names = (Names){.table = PyMem_Calloc(LEAST, sizeof(int32_t)), .told = 1, .count = 1, .mask = LEAST - 1};
    if (!names->table) {
        PyErr_NoMemory();
        return 0;
    }
    return append(&names->text, "", 1) && append(&names->starts, starts, sizeof(starts))
        && append(&names->hashes, &hash, sizeof(hash));
}

static void
names_end(Names *names)
{
    PyMem_Free(names->text.data);
    PyMem_Free(names->starts.data);
    PyMem_Free(names->hashes.data);
    PyMem_Free(names->table);
    *names = (Names){0};
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
    for (int32_t place = 1; place < names->count; place++) {
        uint64_t at = ((const uint64_t *)names->hashes.data)[place] & names->mask;
        while (table[at]) {
            at = (at + 1) & names->mask;
        }
        table[at] = place + 1;
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

/* Where in the table the name of an entry is, or would be put. Half of the table is free, and nobody knows where. */
static int32_t *
find_name(const Names *names, const Entry *entry)
{
    uint64_t at = entry->hash & names->mask;
    while (names->table[at] && !is_named(names, names->table[at] - 1, entry)) {
        at = (at + 1) & names->mask;
    }
    return &names->table[at];
}

/* The place of the name of an entry: DONE, LEFT where there are too many. */
static Outcome
name_place(Names *names, const Entry *entry, int32_t *place)
{
    int32_t *known = find_name(names, entry);
    if (*known) {
        *place = *known - 1;
        return DONE;
    }
    if (names->count == MOST_NAMES || names->text.used + entry->length >= MOST_OF_NAMES) {
        return LEFT;
    }
    *place = names->count;
    uint32_t after = (uint32_t)(names->text.used + entry->length + 1);
    if (!append(&names->text, entry->name, entry->length + 1) || !append(&names->starts, &after, sizeof(after))
        || !append(&names->hashes, &entry->hash, sizeof(entry->hash))) {
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

/* The place of the table for an entry: its own, one that is free, or, where all that are tried are taken, the first. */
static Run *
find_place(const TreeNames *self, uint64_t one, uint64_t other)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        Run *run = &self->table[(one + tries) & self->mask];
        if (run->number == NOTHING || (run->one == one && run->other == other)) {
            return run;
        }
    }
    return &self->table[one & self->mask];
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
            Run *run = find_place(self, before[place].one, before[place].other);
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
    Run *run = find_place(self, entry->one, entry->other);
    int taken = run->number != NOTHING, known = taken && run->one == entry->one && run->other == entry->other;
    if (known && (holder == run->last || holder - 1 == run->last)) {
        run->last = holder;
        return DONE;
    }
    Run next = {entry->one, entry->other, run->number, holder, holder, run->name};
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

/* The next entry of a tree, and where the one behind it begins; NULL where there is none that ends at `end` or before.

   It has no id where that is a commit of another repository. */
static const uint8_t *
next_entry(const TreeNames *self, const uint8_t *at, const uint8_t *end, Entry *entry)
{
    Py_ssize_t oid_size = self->catalogue.oid_size;
    const uint8_t *nul = memchr(at, 0, end - at), *space = at;
    if (!nul || end - nul <= oid_size) {
        return NULL;
    }
    while (*space != ' ') {
        if (++space >= nul) {
            return NULL;
        }
    }
    int is_gitlink = nul - at >= GITLINK_SIZE && !memcmp(at, GITLINK, GITLINK_SIZE);
    *entry = (Entry){.name = space + 1, .id = is_gitlink ? NULL : nul + 1, .length = nul - space - 1};
    entry->hash = hash_of(self->secrets, entry->name, entry->length);
    memcpy(&entry->one, nul + 1, 8);
    memcpy(&entry->other, nul + 1 + oid_size - 8, 8);
    entry->one ^= entry->hash;
    entry->other ^= entry->hash << 32 | entry->hash >> 32;
    return nul + 1 + oid_size;
}

/* Take a tree apart: LEFT where it is none, or there are too many names. */
static Outcome
name_all(TreeNames *self, const uint8_t *at, const uint8_t *end, int32_t holder)
{
    Entry entries[AHEAD];
    Outcome outcome = DONE;
    while (outcome == DONE && at && at < end) {
        int count = 0;
        while (count < AHEAD && at && at < end) {
            at = next_entry(self, at, end, &entries[count]);
            if (at) {
                PREFETCH(&self->table[entries[count++].one & self->mask]);
            }
        }
        for (int each = 0; outcome == DONE && each < count; each++) {
            int32_t place;
            outcome = entries[each].id ? name(self, &entries[each], holder)
                                       : name_place(&self->names, &entries[each], &place);
        }
    }
    return outcome == DONE && !at ? LEFT : outcome;
}

/* Put the places of flagged names that a tree has into a column of rows, with the number of the tree. */
static Outcome
find_flagged(
    const TreeNames *self, const uint8_t *at, const uint8_t *end, int64_t tree, const Py_buffer *flags, Column *rows)
{
    Entry entry;
    while (at && at < end) {
        at = next_entry(self, at, end, &entry);
        int32_t known = at ? *find_name(&self->names, &entry) : 0;
        int64_t row[] = {tree, known - 1};
        if (known && known <= flags->len && ((const uint8_t *)flags->buf)[known - 1]
            && !append(rows, row, sizeof(row))) {
            return FAILED;
        }
    }
    return at ? DONE : LEFT;
}

/* --- What Python sees --- */

static PyObject *
bytes_of(const Column *column)
{
    return PyBytes_FromStringAndSize(column->used ? column->data : "", (Py_ssize_t)column->used);
}

/* add(text, ends, holders): take apart the trees that end at `ends` of a text, with a byte between each two. Gives the
   names, each with a NUL behind it, that were not given before, by their places from 1 on; None where one of them is no
   tree, and then its names, if it has some, with the next. */
static PyObject *
add(TreeNames *self, PyObject *args)
{
    Contents trees;
    Py_buffer holders;
    if (!PyArg_ParseTuple(args, "y*y*y*", &trees.text, &trees.ends, &holders)) {
        return NULL;
    }
    Outcome outcome = holders.len == trees.ends.len ? DONE : FAILED;
    if (outcome == FAILED) {
        PyErr_SetString(PyExc_ValueError, "columns that do not fit");
    }
    for (Py_ssize_t tree = 0; outcome == DONE && tree < contents_count(&trees); tree++) {
        const uint8_t *begin, *end;
        int32_t holder = (int32_t)((const int64_t *)holders.buf)[tree];
        outcome = contents_at(&trees, tree, &begin, &end) ? name_all(self, begin, end, holder) : FAILED;
    }
    contents_release(&trees);
    PyBuffer_Release(&holders);
    if (outcome != DONE) {
        return outcome == FAILED ? NULL : Py_NewRef(Py_None);
    }
    PyObject *names = PyBytes_FromStringAndSize(
        self->names.text.data + self->names.told, (Py_ssize_t)(self->names.text.used - self->names.told));
    self->names.told = self->names.text.used;
    return names;
}

/* flagged(text, ends, flags): which of such trees have names at whose places a flag is: rows of the number of the tree and
   the place, of eight bytes each. None where one of them is no tree. */
static PyObject *
flagged(TreeNames *self, PyObject *args)
{
    Contents trees;
    Py_buffer flags;
    if (!PyArg_ParseTuple(args, "y*y*y*", &trees.text, &trees.ends, &flags)) {
        return NULL;
    }
    Column rows = {NULL, 0, 0};
    Outcome outcome = DONE;
    for (Py_ssize_t tree = 0; outcome == DONE && tree < contents_count(&trees); tree++) {
        const uint8_t *begin, *end;
        outcome = contents_at(&trees, tree, &begin, &end) ? find_flagged(self, begin, end, tree, &flags, &rows) : FAILED;
    }
    PyObject *result = outcome == DONE ? bytes_of(&rows) : outcome == LEFT ? Py_NewRef(Py_None) : NULL;
    PyMem_Free(rows.data);
    contents_release(&trees);
    PyBuffer_Release(&flags);
    return result;
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
    if (!PyArg_ParseTuple(
            args, "ny*y*KK", &catalogue->oid_size, &catalogue->oids, &catalogue->buckets, &self->secrets[0],
            &self->secrets[1])) {
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
    {"flagged", (PyCFunction)flagged, METH_VARARGS, NULL},
    {"take", (PyCFunction)take, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_init, init}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

PyType_Spec tree_names_spec = {"keyguard.git.odb._native.TreeNames", sizeof(TreeNames), 0, Py_TPFLAGS_DEFAULT, slots};
