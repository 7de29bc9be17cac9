/* Contents of objects, and the memory that they lie in. */

#include "native.h"

void
content_hold(Content *content, PyObject *owner, const char *data, Py_ssize_t size)
{
    PyObject *before = content->owner;
    *content = (Content){Py_NewRef(owner), data, size};
    Py_XDECREF(before);
}

void
content_drop(Content *content)
{
    PyObject *owner = content->owner;
    *content = (Content){NULL, "", 0};
    Py_XDECREF(owner);
}

PyObject *
content_bytes(const Content *content)
{
    if (content->owner && PyBytes_Size(content->owner) == content->size) {
        return Py_NewRef(content->owner);
    }
    return PyBytes_FromStringAndSize(content->owner ? content->data : "", content->size);
}

int
heap_begin(Heap *heap, Py_ssize_t size, Py_ssize_t least)
{
    if (heap->bytes && size <= heap->room - heap->used) {
        return 1;
    }
    /* Whoever still needs what is in the heap before keeps it. */
    Py_CLEAR(heap->bytes);
    heap->used = 0;
    heap->room = size < least ? least : size;
    heap->bytes = PyBytes_FromStringAndSize(NULL, heap->room);
    return heap->bytes != NULL;
}

char *
heap_end(const Heap *heap)
{
    return PyBytes_AsString(heap->bytes) + heap->used;
}

PyObject *
heap_take(Heap *heap)
{
    PyObject *bytes = heap->bytes;
    if (!bytes) {
        return PyBytes_FromStringAndSize("", 0);
    }
    if (heap->used > heap->room - heap->room / 4) {
        /* Some line ends more cost less than a copy. */
        memset(heap_end(heap), '\n', heap->room - heap->used);
        heap->bytes = NULL;
    }
    else {
        bytes = PyBytes_FromStringAndSize(PyBytes_AsString(bytes), heap->used);
        Py_CLEAR(heap->bytes);
    }
    heap->used = heap->room = 0;
    return bytes;
}
