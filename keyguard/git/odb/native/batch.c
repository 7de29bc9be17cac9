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
