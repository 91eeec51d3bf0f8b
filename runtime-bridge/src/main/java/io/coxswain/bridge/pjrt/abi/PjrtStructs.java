package io.coxswain.bridge.pjrt.abi;

import static io.coxswain.bridge.pjrt.abi.StructLayout.struct;

/** The structs, with offsets in bytes. Checked against API 0.81 and 0.115. */
public final class PjrtStructs {
    /** How far apart the elements of an array of {@link #NAMED_VALUE} lie. */
    public static final long NAMED_VALUE_BYTES = 56;

    public static final StructLayout ERROR_DESTROY =
            struct("Error_Destroy_Args").pointer(16, "error").of(24);
    public static final StructLayout ERROR_MESSAGE =
            struct("Error_Message_Args")
                    .pointer(16, "error")
                    .pointer(24, "message")
                    .longs(32, "message_size")
                    .of(40);
    public static final StructLayout ERROR_GET_CODE =
            struct("Error_GetCode_Args").pointer(16, "error").ints(24, "code").of(28);

    public static final StructLayout PLUGIN_INITIALIZE = struct("Plugin_Initialize_Args").of(16);
    public static final StructLayout PLUGIN_ATTRIBUTES =
            struct("Plugin_Attributes_Args")
                    .pointer(16, "attributes")
                    .longs(24, "num_attributes")
                    .of(32);

    public static final StructLayout EVENT_DESTROY =
            struct("Event_Destroy_Args").pointer(16, "event").of(24);
    public static final StructLayout EVENT_ON_READY =
            struct("Event_OnReady_Args")
                    .pointer(16, "event")
                    .pointer(24, "callback")
                    .pointer(32, "user_arg")
                    .of(40);

    public static final StructLayout CLIENT_CREATE =
            struct("Client_Create_Args")
                    .pointer(16, "create_options")
                    .longs(24, "num_options")
                    .pointer(32, "kv_get_callback")
                    .pointer(40, "kv_get_user_arg")
                    .pointer(48, "kv_put_callback")
                    .pointer(56, "kv_put_user_arg")
                    .pointer(64, "client")
                    .pointer(72, "kv_try_get_callback")
                    .pointer(80, "kv_try_get_user_arg")
                    .of(88);
    public static final StructLayout CLIENT_DESTROY =
            struct("Client_Destroy_Args").pointer(16, "client").of(24);
    public static final StructLayout CLIENT_PLATFORM_NAME =
            struct("Client_PlatformName_Args")
                    .pointer(16, "client")
                    .pointer(24, "text")
                    .longs(32, "text_size")
                    .of(40);
    public static final StructLayout CLIENT_PLATFORM_VERSION =
            struct("Client_PlatformVersion_Args")
                    .pointer(16, "client")
                    .pointer(24, "text")
                    .longs(32, "text_size")
                    .of(40);
    public static final StructLayout CLIENT_ADDRESSABLE_DEVICES =
            struct("Client_AddressableDevices_Args")
                    .pointer(16, "client")
                    .pointer(24, "devices")
                    .longs(32, "num_devices")
                    .of(40);
    public static final StructLayout CLIENT_COMPILE =
            struct("Client_Compile_Args")
                    .pointer(16, "client")
                    .pointer(24, "program")
                    .pointer(32, "options")
                    .longs(40, "options_size")
                    .pointer(48, "executable")
                    .of(56);
    public static final StructLayout CLIENT_BUFFER_FROM_HOST =
            struct("Client_BufferFromHostBuffer_Args")
                    .pointer(16, "client")
                    .pointer(24, "data")
                    .ints(32, "type")
                    .pointer(40, "dims")
                    .longs(48, "num_dims")
                    .pointer(56, "byte_strides")
                    .longs(64, "num_byte_strides")
                    .ints(72, "semantics")
                    .pointer(80, "device")
                    .pointer(88, "memory")
                    .pointer(96, "layout")
                    .pointer(104, "done_event")
                    .pointer(112, "buffer")
                    .of(120);

    public static final StructLayout DEVICE_DESCRIPTION_ID =
            struct("DeviceDescription_Id_Args").pointer(16, "description").ints(24, "id").of(28);
    public static final StructLayout DEVICE_DESCRIPTION_KIND =
            struct("DeviceDescription_Kind_Args")
                    .pointer(16, "description")
                    .pointer(24, "text")
                    .longs(32, "text_size")
                    .of(40);
    public static final StructLayout DEVICE_GET_DESCRIPTION =
            struct("Device_GetDescription_Args")
                    .pointer(16, "device")
                    .pointer(24, "description")
                    .of(32);

    public static final StructLayout EXECUTABLE_DESTROY =
            struct("Executable_Destroy_Args").pointer(16, "executable").of(24);
    public static final StructLayout EXECUTABLE_NUM_OUTPUTS =
            struct("Executable_NumOutputs_Args")
                    .pointer(16, "executable")
                    .longs(24, "num_outputs")
                    .of(32);
    public static final StructLayout EXECUTABLE_OUTPUT_TYPES =
            struct("Executable_OutputElementTypes_Args")
                    .pointer(16, "executable")
                    .pointer(24, "types")
                    .longs(32, "num_types")
                    .of(40);
    public static final StructLayout EXECUTABLE_OUTPUT_DIMENSIONS =
            struct("Executable_OutputDimensions_Args")
                    .pointer(16, "executable")
                    .longs(24, "num_outputs")
                    .pointer(32, "dims")
                    .pointer(40, "ranks")
                    .of(48);
    public static final StructLayout EXECUTABLE_FINGERPRINT =
            struct("Executable_Fingerprint_Args")
                    .pointer(16, "executable")
                    .pointer(24, "text")
                    .longs(32, "text_size")
                    .of(40);
    public static final StructLayout EXECUTABLE_SERIALIZE =
            struct("Executable_Serialize_Args")
                    .pointer(16, "executable")
                    .pointer(24, "bytes")
                    .longs(32, "bytes_size")
                    .pointer(40, "handle")
                    .pointer(48, "deleter")
                    .of(56);
    public static final StructLayout EXECUTABLE_LOAD =
            struct("Executable_DeserializeAndLoad_Args")
                    .pointer(16, "client")
                    .pointer(24, "bytes")
                    .longs(32, "bytes_size")
                    .pointer(40, "executable")
                    .before(105, 64)
                    .of(72);

    public static final StructLayout LOADED_DESTROY =
            struct("LoadedExecutable_Destroy_Args").pointer(16, "executable").of(24);
    public static final StructLayout LOADED_GET_EXECUTABLE =
            struct("LoadedExecutable_GetExecutable_Args")
                    .pointer(16, "loaded")
                    .pointer(24, "executable")
                    .of(32);
    public static final StructLayout LOADED_ADDRESSABLE_DEVICES =
            struct("LoadedExecutable_AddressableDevices_Args")
                    .pointer(16, "executable")
                    .pointer(24, "devices")
                    .longs(32, "num_devices")
                    .of(40);
    public static final StructLayout LOADED_EXECUTE =
            struct("LoadedExecutable_Execute_Args")
                    .pointer(16, "executable")
                    .pointer(24, "options")
                    .pointer(32, "arguments")
                    .longs(40, "num_devices")
                    .longs(48, "num_args")
                    .pointer(56, "outputs")
                    .pointer(64, "events")
                    .pointer(72, "device")
                    .of(80);

    public static final StructLayout BUFFER_DESTROY =
            struct("Buffer_Destroy_Args").pointer(16, "buffer").of(24);
    public static final StructLayout BUFFER_IS_DELETED =
            struct("Buffer_IsDeleted_Args").pointer(16, "buffer").bytes(24, "deleted").of(25);
    public static final StructLayout BUFFER_TO_HOST =
            struct("Buffer_ToHostBuffer_Args")
                    .pointer(16, "buffer")
                    .pointer(24, "layout")
                    .pointer(32, "dst")
                    .longs(40, "dst_size")
                    .pointer(48, "event")
                    .of(56);
    public static final StructLayout BUFFER_UNSAFE_POINTER =
            struct("Buffer_UnsafePointer_Args").pointer(16, "buffer").longs(24, "address").of(32);

    // Structs that are parts of others.

    public static final StructLayout PROGRAM =
            struct("Program")
                    .pointer(16, "code")
                    .longs(24, "code_size")
                    .pointer(32, "format")
                    .longs(40, "format_size")
                    .of(48);

    public static final StructLayout NAMED_VALUE =
            struct("NamedValue")
                    .pointer(16, "name")
                    .longs(24, "name_size")
                    .ints(32, "type")
                    .pointer(40, "pointer")
                    .or(FieldType.LONG, "long")
                    .or(FieldType.FLOAT, "float")
                    .or(FieldType.BYTE, "bool")
                    .longs(48, "value_size")
                    .of(NAMED_VALUE_BYTES);

    /** {@code strict} came with the last growth and is set where it exists. */
    public static final StructLayout EXECUTE_OPTIONS =
            struct("ExecuteOptions")
                    .ints(48, "launch_id")
                    .pointer(56, "non_donatable")
                    .longs(64, "num_non_donatable")
                    .bytes(120, "strict")
                    .before(105, 112)
                    .of(144);

    /** The size of the first member of {@link #MEMORY_LAYOUT}, which is a struct itself. */
    public static final long TILED_BYTES = 56;

    /** A memory layout given by the order of dimensions, without tiles. */
    public static final StructLayout MEMORY_LAYOUT =
            struct("Buffer_MemoryLayout")
                    .longs(16, "tiled_struct_size")
                    .pointer(32, "minor_to_major")
                    .longs(40, "num_minor_to_major")
                    .ints(72, "type")
                    .of(76);

    // What a plugin hands to the callbacks of a key-value store.

    public static final StructLayout KV_GET =
            struct("KeyValueGetCallback_Args")
                    .pointer(16, "key")
                    .longs(24, "key_size")
                    .ints(32, "timeout_millis")
                    .pointer(40, "callback_error")
                    .pointer(48, "user_arg")
                    .pointer(56, "value")
                    .longs(64, "value_size")
                    .pointer(72, "value_deleter")
                    .of(80);
    public static final StructLayout KV_TRY_GET =
            struct("KeyValueTryGetCallback_Args")
                    .pointer(16, "key")
                    .longs(24, "key_size")
                    .pointer(32, "callback_error")
                    .pointer(40, "user_arg")
                    .pointer(48, "value")
                    .longs(56, "value_size")
                    .pointer(64, "value_deleter")
                    .of(72);
    public static final StructLayout KV_PUT =
            struct("KeyValuePutCallback_Args")
                    .pointer(16, "key")
                    .longs(24, "key_size")
                    .pointer(32, "value")
                    .longs(40, "value_size")
                    .pointer(48, "callback_error")
                    .pointer(56, "user_arg")
                    .of(64);

    private PjrtStructs() {}
}
