//! Writing where the caller says.

use std::os::raw::{c_char, c_uint};

use nvml_wrapper_sys::bindings as nvml;

pub(crate) unsafe fn put<T>(place: *mut T, value: T) -> nvml::nvmlReturn_t {
    place.write(value);
    nvml::nvmlReturn_enum_NVML_SUCCESS
}

pub(crate) unsafe fn put_text(place: *mut c_char, room: c_uint, text: &str) -> nvml::nvmlReturn_t {
    if text.len() >= room as usize {
        return nvml::nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE;
    }
    std::ptr::copy_nonoverlapping(text.as_ptr().cast(), place, text.len());
    place.add(text.len()).write(0);
    nvml::nvmlReturn_enum_NVML_SUCCESS
}
