package io.coxswain.bridge.pjrt.abi;

import java.util.Locale;

/**
 * The functions that are used: slot in the table, name in C without the {@code PJRT_} prefix, and
 * argument struct. Without the required ones a plugin is refused; without an optional one only that
 * call fails.
 */
public enum PjrtFunction {
    ERROR_DESTROY(0, "Error_Destroy", PjrtStructs.ERROR_DESTROY),
    ERROR_MESSAGE(1, "Error_Message", PjrtStructs.ERROR_MESSAGE),
    ERROR_GET_CODE(2, "Error_GetCode", PjrtStructs.ERROR_GET_CODE),
    PLUGIN_INITIALIZE(3, "Plugin_Initialize", PjrtStructs.PLUGIN_INITIALIZE),
    PLUGIN_ATTRIBUTES(4, "Plugin_Attributes", PjrtStructs.PLUGIN_ATTRIBUTES, false),
    EVENT_DESTROY(5, "Event_Destroy", PjrtStructs.EVENT_DESTROY),
    EVENT_ON_READY(9, "Event_OnReady", PjrtStructs.EVENT_ON_READY),
    CLIENT_CREATE(10, "Client_Create", PjrtStructs.CLIENT_CREATE),
    CLIENT_DESTROY(11, "Client_Destroy", PjrtStructs.CLIENT_DESTROY),
    CLIENT_PLATFORM_NAME(12, "Client_PlatformName", PjrtStructs.CLIENT_PLATFORM_NAME),
    CLIENT_PLATFORM_VERSION(14, "Client_PlatformVersion", PjrtStructs.CLIENT_PLATFORM_VERSION),
    CLIENT_ADDRESSABLE_DEVICES(
            16, "Client_AddressableDevices", PjrtStructs.CLIENT_ADDRESSABLE_DEVICES),
    CLIENT_COMPILE(20, "Client_Compile", PjrtStructs.CLIENT_COMPILE),
    CLIENT_BUFFER_FROM_HOST(22, "Client_BufferFromHostBuffer", PjrtStructs.CLIENT_BUFFER_FROM_HOST),
    DEVICE_DESCRIPTION_ID(23, "DeviceDescription_Id", PjrtStructs.DEVICE_DESCRIPTION_ID),
    DEVICE_DESCRIPTION_KIND(26, "DeviceDescription_Kind", PjrtStructs.DEVICE_DESCRIPTION_KIND),
    DEVICE_GET_DESCRIPTION(29, "Device_GetDescription", PjrtStructs.DEVICE_GET_DESCRIPTION),
    EXECUTABLE_DESTROY(40, "Executable_Destroy", PjrtStructs.EXECUTABLE_DESTROY),
    EXECUTABLE_NUM_OUTPUTS(44, "Executable_NumOutputs", PjrtStructs.EXECUTABLE_NUM_OUTPUTS),
    EXECUTABLE_SERIALIZE(49, "Executable_Serialize", PjrtStructs.EXECUTABLE_SERIALIZE, false),
    LOADED_DESTROY(50, "LoadedExecutable_Destroy", PjrtStructs.LOADED_DESTROY),
    LOADED_GET_EXECUTABLE(51, "LoadedExecutable_GetExecutable", PjrtStructs.LOADED_GET_EXECUTABLE),
    LOADED_ADDRESSABLE_DEVICES(
            52, "LoadedExecutable_AddressableDevices", PjrtStructs.LOADED_ADDRESSABLE_DEVICES),
    LOADED_EXECUTE(55, "LoadedExecutable_Execute", PjrtStructs.LOADED_EXECUTE),
    EXECUTABLE_LOAD(56, "Executable_DeserializeAndLoad", PjrtStructs.EXECUTABLE_LOAD, false),
    BUFFER_DESTROY(58, "Buffer_Destroy", PjrtStructs.BUFFER_DESTROY),
    BUFFER_IS_DELETED(68, "Buffer_IsDeleted", PjrtStructs.BUFFER_IS_DELETED),
    BUFFER_TO_HOST(70, "Buffer_ToHostBuffer", PjrtStructs.BUFFER_TO_HOST),
    BUFFER_UNSAFE_POINTER(73, "Buffer_UnsafePointer", PjrtStructs.BUFFER_UNSAFE_POINTER, false),
    EXECUTABLE_OUTPUT_TYPES(
            90, "Executable_OutputElementTypes", PjrtStructs.EXECUTABLE_OUTPUT_TYPES),
    EXECUTABLE_OUTPUT_DIMENSIONS(
            91, "Executable_OutputDimensions", PjrtStructs.EXECUTABLE_OUTPUT_DIMENSIONS),
    EXECUTABLE_FINGERPRINT(94, "Executable_Fingerprint", PjrtStructs.EXECUTABLE_FINGERPRINT, false);

    private final int slot;
    private final String cName;

    @SuppressWarnings("ImmutableEnumChecker") // It is: its collections are never written again.
    private final StructLayout struct;

    private final boolean required;

    PjrtFunction(int slot, String cName, StructLayout struct) {
        this(slot, cName, struct, true);
    }

    PjrtFunction(int slot, String cName, StructLayout struct, boolean required) {
        this.slot = slot;
        this.cName = cName;
        this.struct = struct;
        this.required = required;
    }

    /** Its place in the table. */
    public int slot() {
        return slot;
    }

    /** Its name in C, without the {@code PJRT_} prefix. */
    public String cName() {
        return cName;
    }

    /** Its argument struct. */
    public StructLayout struct() {
        return struct;
    }

    /** Whether a plugin without it is refused. */
    public boolean required() {
        return required;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s (slot %d)", cName, slot);
    }
}
