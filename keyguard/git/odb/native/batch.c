/* Contents of one kind that wait to be looked at together, one behind the other. */

#include "native.h"

Outcome
batch_room(Batch *batch, Py_ssize_t size)
{
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
        return LEFT;
    }
    return heap_begin(&batch->heap, size + 1, batch->together) ? DONE : FAILED;
}

void
batch_add(Batch *batch, int64_t place, Py_ssize_t size)
{
    heap_end(&batch->heap)[size] = '\n';
    batch->heap.used += size + 1;
    batch->marks[2 * batch->count] = place;
    batch->marks[2 * batch->count + 1] = batch->heap.used - 1;
    batch->count++;
}

PyObject *
batch_take(Batch *batch)
{
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

void
batch_end(Batch *batch)
{
    Py_XDECREF(batch->heap.bytes);
    PyMem_Free(batch->marks);
}

Py_ssize_t
contents_count(const Contents *contents)
{
    return contents->ends.len / (Py_ssize_t)sizeof(int64_t);
}

int
contents_at(const Contents *contents, Py_ssize_t number, const uint8_t **begin, const uint8_t **end)
{
    const int64_t *ends = contents->ends.buf;
    int64_t from = number ? ends[number - 1] + 1 : 0;
    if (from < 0 || ends[number] < from || ends[number] > contents->text.len) {
        PyErr_SetString(PyExc_ValueError, "columns that do not fit");
        return 0;
    }
    *begin = (const uint8_t *)contents->text.buf + from;
    *end = (const uint8_t *)contents->text.buf + ends[number];
    return 1;
}

void
contents_release(Contents *contents)
{
    PyBuffer_Release(&contents->text);
    PyBuffer_Release(&contents->ends);
}
