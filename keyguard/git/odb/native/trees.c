/* What many trees name: links.py, `_runs`. An entry of a tree is `mode SP name NUL id`, with a raw id. */

#include "native.h"

/* How an entry begins that names a commit of another repository: kinds.py, `GITLINK`. */
#define GITLINK "160000 "
#define GITLINK_SIZE 7

/* Places of the table that are tried for an id. Whoever makes ids that meet there gains no more than longer lists. */
#define TRIES 16

/* An object that the holders `first` to `last` name without a gap. */
typedef struct {
    const uint8_t *oid;
    int32_t first, last;
} Run;

/* The runs of some trees. `slots` has at the hash of an id the number of its latest run, and one more; 0 for none. */
typedef struct {
    Run *runs;
    Py_ssize_t count;
    int32_t *slots;
    uint64_t mask;
    Py_ssize_t oid_size;
} Runs;

static int
begin_runs(Runs *runs, Py_ssize_t oid_size, Py_ssize_t bytes)
{
    /* No entry has fewer bytes than a NUL and an id. */
    Py_ssize_t most = bytes / (oid_size + 1) + 1;
    uint64_t slots = 1;
    while (slots < (uint64_t)most) {
        slots *= 2;
    }
    *runs = (Runs){.oid_size = oid_size, .mask = slots - 1};
    runs->runs = PyMem_Malloc(most * sizeof(Run));
    runs->slots = PyMem_Calloc(slots, sizeof(int32_t));
    return runs->runs && runs->slots;
}

static void
end_runs(Runs *runs)
{
    PyMem_Free(runs->runs);
    PyMem_Free(runs->slots);
}

/* A holder names an object: its run goes on where it was named by the same holder last, or by the one before. */
static void
name(Runs *runs, const uint8_t *oid, int32_t holder)
{
    uint64_t hash;
    memcpy(&hash, oid, sizeof(hash));
    int32_t *slot = NULL;
    for (int tries = 0; tries < TRIES; tries++) {
        slot = &runs->slots[(hash + tries) & runs->mask];
        if (!*slot || !memcmp(runs->runs[*slot - 1].oid, oid, runs->oid_size)) {
            break;
        }
        slot = NULL;
    }
    Run *run = slot && *slot ? &runs->runs[*slot - 1] : NULL;
    if (run && (holder == run->last || holder - 1 == run->last)) {
        run->last = holder;
        return;
    }
    runs->runs[runs->count++] = (Run){oid, holder, holder};
    if (slot) {
        *slot = (int32_t)runs->count;
    }
}

/* Take a tree apart; 0 where it is none. */
static int
name_all(Runs *runs, const uint8_t *at, const uint8_t *end, int32_t holder)
{
    while (at < end) {
        const uint8_t *nul = memchr(at, 0, end - at);
        if (!nul || end - nul <= runs->oid_size) {
            return 0;
        }
        if (nul - at < GITLINK_SIZE || memcmp(at, GITLINK, GITLINK_SIZE)) {
            name(runs, nul + 1, holder);
        }
        at = nul + 1 + runs->oid_size;
    }
    return 1;
}

/* The ids of a store, ascending; those that begin with two bytes lie from `buckets[bytes]` to `buckets[bytes + 1]`. */
typedef struct {
    const uint8_t *oids;
    const int32_t *buckets;
    Py_ssize_t oid_size;
} Catalogue;

/* The number of an object; -1 where it is not stored. */
static int32_t
number_of(const Catalogue *catalogue, const uint8_t *oid)
{
    int bucket = oid[0] << 8 | oid[1];
    int32_t low = catalogue->buckets[bucket], high = catalogue->buckets[bucket + 1];
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int order = memcmp(catalogue->oids + middle * catalogue->oid_size, oid, catalogue->oid_size);
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
    return -1;
}

/* The runs as columns: number, first and last holder of what is stored; id, first and last holder of what is not. */
static PyObject *
columns_of(const Runs *runs, const Catalogue *catalogue)
{
    int32_t *numbers = PyMem_Malloc((runs->count + 1) * sizeof(int32_t));
    if (!numbers) {
        return PyErr_NoMemory();
    }
    Py_ssize_t stored = 0;
    for (Py_ssize_t at = 0; at < runs->count; at++) {
        numbers[at] = number_of(catalogue, runs->runs[at].oid);
        stored += numbers[at] >= 0;
    }
    Py_ssize_t absent = runs->count - stored, width = sizeof(int32_t);
    Py_ssize_t sizes[] = {
        stored * width, stored * width, stored * width, absent * runs->oid_size, absent * width, absent * width,
    };
    PyObject *parts[6];
    char *to[6];
    int good = 1;
    for (int part = 0; part < 6; part++) {
        parts[part] = PyBytes_FromStringAndSize(NULL, sizes[part]);
        good = good && parts[part];
        to[part] = parts[part] ? PyBytes_AsString(parts[part]) : NULL;
    }
    for (Py_ssize_t at = 0; good && at < runs->count; at++) {
        const Run *run = &runs->runs[at];
        int gone = numbers[at] < 0 ? 3 : 0;
        const void *named = gone ? (const void *)run->oid : &numbers[at];
        Py_ssize_t size = gone ? runs->oid_size : width;
        memcpy(to[gone], named, size);
        memcpy(to[gone + 1], &run->first, width);
        memcpy(to[gone + 2], &run->last, width);
        to[gone] += size;
        to[gone + 1] += width;
        to[gone + 2] += width;
    }
    PyObject *result = NULL;
    if (good) {
        result = Py_BuildValue("OOOOOO", parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    }
    for (int part = 0; part < 6; part++) {
        Py_XDECREF(parts[part]);
    }
    PyMem_Free(numbers);
    return result;
}

/* Buffers of the arguments of `tree_runs`. */
typedef struct {
    Py_buffer data, starts, ends, holders, oids, buckets;
    Py_ssize_t oid_size;
} Trees;

static int
are_sound(const Trees *trees)
{
    Py_ssize_t count = trees->starts.len / (Py_ssize_t)sizeof(int64_t);
    const int64_t *starts = trees->starts.buf, *ends = trees->ends.buf;
    int sound = trees->oid_size >= (Py_ssize_t)sizeof(uint64_t) && trees->ends.len == trees->starts.len
             && trees->holders.len == trees->starts.len
             && trees->buckets.len == (Py_ssize_t)(((1 << 16) + 1) * sizeof(int32_t));
    for (Py_ssize_t tree = 0; sound && tree < count; tree++) {
        sound = (tree ? ends[tree - 1] : 0) <= starts[tree] && starts[tree] <= ends[tree] && ends[tree] <= trees->data.len;
    }
    const int32_t *buckets = trees->buckets.buf;
    return sound && (int64_t)buckets[1 << 16] * trees->oid_size <= trees->oids.len;
}

/* tree_runs(data, starts, ends, holders, oid_size, oids, buckets): the columns of the runs, 4 bytes a number; None where
   one of the trees is none. */
PyObject *
tree_runs(PyObject *Py_UNUSED(module), PyObject *args)
{
    Trees trees;
    if (!PyArg_ParseTuple(
            args, "y*y*y*y*ny*y*", &trees.data, &trees.starts, &trees.ends, &trees.holders, &trees.oid_size,
            &trees.oids, &trees.buckets)) {
        return NULL;
    }
    Runs runs = {0};
    PyObject *result = NULL;
    if (!are_sound(&trees)) {
        PyErr_SetString(PyExc_ValueError, "columns that do not fit");
    }
    else if (!begin_runs(&runs, trees.oid_size, trees.data.len)) {
        PyErr_NoMemory();
    }
    else {
        const uint8_t *data = trees.data.buf;
        const int64_t *starts = trees.starts.buf, *ends = trees.ends.buf, *holders = trees.holders.buf;
        Py_ssize_t count = trees.starts.len / (Py_ssize_t)sizeof(int64_t);
        int are_trees = 1;
        for (Py_ssize_t tree = 0; are_trees && tree < count; tree++) {
            are_trees = name_all(&runs, data + starts[tree], data + ends[tree], (int32_t)holders[tree]);
        }
        Catalogue catalogue = {trees.oids.buf, trees.buckets.buf, trees.oid_size};
        result = are_trees ? columns_of(&runs, &catalogue) : Py_NewRef(Py_None);
    }
    end_runs(&runs);
    PyBuffer_Release(&trees.data);
    PyBuffer_Release(&trees.starts);
    PyBuffer_Release(&trees.ends);
    PyBuffer_Release(&trees.holders);
    PyBuffer_Release(&trees.oids);
    PyBuffer_Release(&trees.buckets);
    return result;
}
