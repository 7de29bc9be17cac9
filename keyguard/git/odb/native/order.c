/* The order of the walk through the delta families of a pack: family.py, `in_order`. */

#include "native.h"

/* Entries whose base is no entry of the pack: pack.py, `WHOLE` and `ELSEWHERE`. */
#define WHOLE -1
#define ELSEWHERE -2

/* The entries of a pack as a forest. `children` are those of each entry, from `first[entry]` to `first[entry + 1]`, by
   ascending position. `queue` are the entries by ascending depth. */
typedef struct {
    Py_ssize_t count, reached;
    const uint8_t *kind;
    const int32_t *base;
    int32_t *first, *children, *queue, *following, *place;
    int16_t *depth;
    uint8_t *last;
} Forest;

static int
is_delta(const Forest *forest, Py_ssize_t entry)
{
    return forest->kind[entry] && forest->base[entry] >= 0 && forest->base[entry] < forest->count;
}

static int
is_root(const Forest *forest, Py_ssize_t entry)
{
    return forest->kind[entry] && (forest->base[entry] == WHOLE || forest->base[entry] == ELSEWHERE);
}

static void
find_children(Forest *forest)
{
    for (Py_ssize_t entry = 0; entry < forest->count; entry++) {
        if (is_delta(forest, entry)) {
            forest->first[forest->base[entry] + 1]++;
        }
    }
    for (Py_ssize_t entry = 0; entry < forest->count; entry++) {
        forest->first[entry + 1] += forest->first[entry];
    }
    /* `place` serves as how many of an entry's children are put down already. */
    for (Py_ssize_t entry = 0; entry < forest->count; entry++) {
        if (is_delta(forest, entry)) {
            int32_t base = forest->base[entry];
            forest->children[forest->first[base] + forest->place[base]++] = (int32_t)entry;
        }
    }
}

static void
find_depths(Forest *forest, long deepest)
{
    for (Py_ssize_t entry = 0; entry < forest->count; entry++) {
        forest->place[entry] = -1;
        forest->following[entry] = 1;
        if (is_root(forest, entry)) {
            forest->queue[forest->reached++] = (int32_t)entry;
        }
    }
    for (Py_ssize_t at = 0; at < forest->reached; at++) {
        int32_t entry = forest->queue[at];
        for (int32_t child = forest->first[entry]; child < forest->first[entry + 1]; child++) {
            if (forest->depth[entry] < deepest) {
                forest->depth[forest->children[child]] = forest->depth[entry] + 1;
                forest->queue[forest->reached++] = forest->children[child];
            }
        }
    }
    for (Py_ssize_t at = forest->reached - 1; at >= 0; at--) {
        int32_t entry = forest->queue[at];
        if (forest->depth[entry]) {
            forest->following[forest->base[entry]] += forest->following[entry];
        }
    }
}

/* An entry with what decides on its place among those on the same base. */
typedef struct {
    int32_t following, entry;
} Sibling;

static int
compare(const void *left, const void *right)
{
    const Sibling *one = left, *other = right;
    int by_size = (one->following > other->following) - (one->following < other->following);
    return by_size ? by_size : (one->entry > other->entry) - (one->entry < other->entry);
}

/* The children of an entry come behind it, the one with the largest following last. */
static void
place_children(Forest *forest, int32_t entry, Sibling *siblings)
{
    int32_t count = forest->first[entry + 1] - forest->first[entry];
    int32_t place = forest->place[entry] + 1;
    for (int32_t number = 0; number < count; number++) {
        int32_t child = forest->children[forest->first[entry] + number];
        siblings[number] = (Sibling){forest->following[child], child};
    }
    if (count > 1) {
        qsort(siblings, count, sizeof(Sibling), compare);
    }
    for (int32_t number = 0; number < count; number++) {
        forest->place[siblings[number].entry] = place;
        forest->last[siblings[number].entry] = number == count - 1;
        place += siblings[number].following;
    }
}

static void
find_places(Forest *forest, long deepest, Sibling *siblings)
{
    int32_t place = 0;
    for (Py_ssize_t at = 0; at < forest->reached; at++) {
        int32_t entry = forest->queue[at];
        if (!forest->depth[entry]) {
            forest->place[entry] = place;
            forest->last[entry] = 1;
            place += forest->following[entry];
        }
        if (forest->depth[entry] < deepest) {
            place_children(forest, entry, siblings);
        }
    }
}

/* The columns of the order, by place. */
typedef struct {
    PyObject *position, *depth, *last, *following;
} Columns;

static int
make_columns(Columns *columns, const Forest *forest)
{
    columns->position = PyBytes_FromStringAndSize(NULL, forest->reached * sizeof(int32_t));
    columns->depth = PyBytes_FromStringAndSize(NULL, forest->reached * sizeof(int16_t));
    columns->last = PyBytes_FromStringAndSize(NULL, forest->reached);
    columns->following = PyBytes_FromStringAndSize(NULL, forest->reached * sizeof(int32_t));
    return columns->position && columns->depth && columns->last && columns->following;
}

static void
fill_columns(Columns *columns, const Forest *forest)
{
    char *position = PyBytes_AsString(columns->position), *depth = PyBytes_AsString(columns->depth);
    char *last = PyBytes_AsString(columns->last), *following = PyBytes_AsString(columns->following);
    for (Py_ssize_t entry = 0; entry < forest->count; entry++) {
        int32_t place = forest->place[entry], number = (int32_t)entry;
        if (place >= 0) {
            memcpy(position + place * sizeof(int32_t), &number, sizeof(int32_t));
            memcpy(depth + place * sizeof(int16_t), &forest->depth[entry], sizeof(int16_t));
            memcpy(last + place, &forest->last[entry], 1);
            memcpy(following + place * sizeof(int32_t), &forest->following[entry], sizeof(int32_t));
        }
    }
}

static void
drop_columns(Columns *columns)
{
    Py_XDECREF(columns->position);
    Py_XDECREF(columns->depth);
    Py_XDECREF(columns->last);
    Py_XDECREF(columns->following);
}

/* in_order(kind, base, deepest): position, depth, last and following by place, of 4, 2, 1 and 4 bytes each. */
PyObject *
in_order(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer kind, base;
    long deepest;
    if (!PyArg_ParseTuple(args, "y*y*l", &kind, &base, &deepest)) {
        return NULL;
    }
    PyObject *result = NULL;
    Forest forest = {.count = kind.len, .kind = kind.buf, .base = base.buf};
    Sibling *siblings = NULL;
    Columns columns = {0};
    if (base.len != kind.len * (Py_ssize_t)sizeof(int32_t) || deepest < 0 || deepest > INT16_MAX
        || kind.len >= INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "columns that do not fit");
        goto end;
    }
    size_t room = forest.count + 1;
    forest.first = PyMem_Calloc(room, sizeof(int32_t));
    forest.children = PyMem_Calloc(room, sizeof(int32_t));
    forest.queue = PyMem_Calloc(room, sizeof(int32_t));
    forest.following = PyMem_Calloc(room, sizeof(int32_t));
    forest.place = PyMem_Calloc(room, sizeof(int32_t));
    forest.depth = PyMem_Calloc(room, sizeof(int16_t));
    forest.last = PyMem_Calloc(room, 1);
    siblings = PyMem_Malloc(room * sizeof(Sibling));
    if (!forest.first || !forest.children || !forest.queue || !forest.following || !forest.place || !forest.depth
        || !forest.last || !siblings) {
        PyErr_NoMemory();
        goto end;
    }
    find_children(&forest);
    find_depths(&forest, deepest);
    find_places(&forest, deepest, siblings);
    if (make_columns(&columns, &forest)) {
        fill_columns(&columns, &forest);
        result = Py_BuildValue("OOOO", columns.position, columns.depth, columns.last, columns.following);
    }
    drop_columns(&columns);
end:
    PyMem_Free(forest.first);
    PyMem_Free(forest.children);
    PyMem_Free(forest.queue);
    PyMem_Free(forest.following);
    PyMem_Free(forest.place);
    PyMem_Free(forest.depth);
    PyMem_Free(forest.last);
    PyMem_Free(siblings);
    PyBuffer_Release(&kind);
    PyBuffer_Release(&base);
    return result;
}
