/* Inflating: by libdeflate where this was built with it, else by the functions of Python that an inflater is given. */

#include "native.h"

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>

int
inflater_begin(Inflater *inflater, PyObject *Py_UNUSED(inflate), PyObject *Py_UNUSED(crc32), PyObject *Py_UNUSED(errors))
{
    inflater->state = libdeflate_alloc_decompressor();
    if (!inflater->state) {
        PyErr_NoMemory();
    }
    return inflater->state != NULL;
}

void
inflater_end(Inflater *inflater)
{
    if (inflater->state) {
        libdeflate_free_decompressor(inflater->state);
    }
}

Outcome
inflate_to(Inflater *inflater, const char *packed, Py_ssize_t length, char *to, Py_ssize_t size)
{
    size_t given = 0;
    enum libdeflate_result result = libdeflate_zlib_decompress(inflater->state, packed, length, to, size, &given);
    return result == LIBDEFLATE_SUCCESS && (Py_ssize_t)given == size ? DONE : LEFT;
}

Outcome
has_checksum(Inflater *Py_UNUSED(inflater), const char *data, Py_ssize_t length, int64_t wanted)
{
    return libdeflate_crc32(0, data, length) == wanted ? DONE : LEFT;
}

/* inflate(packed, size): what a zlib stream inflates to; None where that is not just `size` bytes. */
PyObject *
inflate(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer packed;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y*n", &packed, &size)) {
        return NULL;
    }
    Inflater inflater = {0};
    PyObject *result = inflater_begin(&inflater, NULL, NULL, NULL) ? PyBytes_FromStringAndSize(NULL, size) : NULL;
    if (result && inflate_to(&inflater, packed.buf, packed.len, PyBytes_AsString(result), size) != DONE) {
        Py_DECREF(result);
        result = Py_NewRef(Py_None);
    }
    inflater_end(&inflater);
    PyBuffer_Release(&packed);
    return result;
}

#else

int
inflater_begin(Inflater *inflater, PyObject *inflate, PyObject *crc32, PyObject *errors)
{
    inflater->inflate = Py_NewRef(inflate);
    inflater->crc32 = Py_NewRef(crc32);
    inflater->errors = Py_NewRef(errors);
    /* Bits of the window, as zlib counts them: a stream with zlib's own header. */
    inflater->window = PyLong_FromLong(15);
    return inflater->window != NULL;
}

void
inflater_end(Inflater *inflater)
{
    Py_XDECREF(inflater->inflate);
    Py_XDECREF(inflater->crc32);
    Py_XDECREF(inflater->errors);
    Py_XDECREF(inflater->window);
}

static PyObject *
view_of(const char *data, Py_ssize_t length)
{
    return PyMemoryView_FromMemory((char *)data, length, PyBUF_READ);
}

Outcome
inflate_to(Inflater *inflater, const char *packed, Py_ssize_t length, char *to, Py_ssize_t size)
{
    PyObject *view = view_of(packed, length), *wanted = PyLong_FromSsize_t(size), *data = NULL;
    if (view && wanted) {
        data = PyObject_CallFunctionObjArgs(inflater->inflate, view, inflater->window, wanted, NULL);
    }
    Py_XDECREF(view);
    Py_XDECREF(wanted);
    if (!data) {
        if (!PyErr_ExceptionMatches(inflater->errors)) {
            return FAILED;
        }
        PyErr_Clear();
        return LEFT;
    }
    int fits = PyBytes_Check(data) && PyBytes_Size(data) == size;
    if (fits) {
        memcpy(to, PyBytes_AsString(data), size);
    }
    Py_DECREF(data);
    return fits ? DONE : LEFT;
}

Outcome
has_checksum(Inflater *inflater, const char *data, Py_ssize_t length, int64_t wanted)
{
    PyObject *view = view_of(data, length);
    PyObject *sum = view ? PyObject_CallFunctionObjArgs(inflater->crc32, view, NULL) : NULL;
    Py_XDECREF(view);
    int64_t number = sum ? PyLong_AsLongLong(sum) : -1;
    Py_XDECREF(sum);
    if (PyErr_Occurred()) {
        return FAILED;
    }
    return number == wanted ? DONE : LEFT;
}

#endif
