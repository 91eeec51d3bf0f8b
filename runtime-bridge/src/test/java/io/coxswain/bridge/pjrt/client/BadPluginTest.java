package io.coxswain.bridge.pjrt.client;

import static io.coxswain.bridge.pjrt.client.PluginFixture.assertRefused;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Files that are no plugin, and plugins that do not fit. */
class BadPluginTest {
    @TempDir Path folder;

    @BeforeEach
    void elfOnly() {
        assumeTrue(
                System.getProperty("os.name").contains("Linux"),
                "libraries have another format than ELF here");
    }

    private Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("plugin.so"), content);
    }

    /** The header of a shared library without segments. */
    private static ByteBuffer elf() {
        ByteBuffer header = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        header.putShort(16, (short) 3).putShort(18, (short) (arm ? 183 : 62)).putInt(20, 1);
        header.putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56);
        return header;
    }

    @Test
    void aMissingFile() {
        assertRefused(
                Code.NOT_FOUND,
                "there is no plugin /nowhere/plugin.so",
                () -> PjrtPlugin.load(Path.of("/nowhere/plugin.so")));
    }

    @Test
    void aFolder() {
        assertRefused(Code.INVALID_ARGUMENT, "is not a file", () -> PjrtPlugin.load(folder));
    }

    @Test
    void noLibrary() throws Exception {
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is not a shared library (no ELF header)",
                () ->
                        PjrtPlugin.load(
                                file("#!/bin/sh\n".repeat(50).getBytes(StandardCharsets.UTF_8))));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is not a shared library (no ELF header)",
                () -> PjrtPlugin.load(file(new byte[0])));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is not a shared library (ELF type 2)",
                () -> PjrtPlugin.load(file(elf().putShort(16, (short) 2).array())));
    }

    @Test
    void anotherArchitecture() {
        String here = System.getProperty("os.arch");
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is made for another architecture: s390x, and this machine is " + here,
                () -> PjrtPlugin.load(file(elf().putShort(18, (short) 22).array())));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "another architecture: ELF machine 4711",
                () -> PjrtPlugin.load(file(elf().putShort(18, (short) 4711).array())));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "another architecture",
                () -> PjrtPlugin.load(file(elf().put(4, (byte) 1).array())));
    }

    @Test
    void aTruncatedLibrary() throws Exception {
        byte[] promising = elf().putShort(56, (short) 1).array();
        assertRefused(
                Code.DATA_LOSS,
                "is truncated: it has 64 bytes of at least 120",
                () -> PjrtPlugin.load(file(promising)));
        byte[] mock = Files.readAllBytes(MockPlugin.compiled().library());
        assertRefused(
                Code.DATA_LOSS,
                "is truncated",
                () -> PjrtPlugin.load(file(Arrays.copyOf(mock, mock.length / 2))));
    }

    @Test
    void aLibraryThatMissesAnother() throws Exception {
        Path other = folder.resolve("libabsent.so");
        MockPlugin.compile(other, "/dev/null");
        Path plugin = folder.resolve("plugin.so");
        MockPlugin.compile(plugin, "/dev/null", "-Wl,--no-as-needed", "-L" + folder, "-labsent");
        Files.delete(other);
        assertRefused(
                Code.UNAVAILABLE,
                "cannot be loaded: libabsent.so: cannot open shared object file",
                () -> PjrtPlugin.load(plugin));
    }

    @Test
    void aLibraryThatIsNoPlugin() throws Exception {
        MockPlugin mock = MockPlugin.compiled("-DMOCK_ENTRY=GetSomethingElse");
        assertRefused(
                Code.INVALID_ARGUMENT, "is not a PJRT plugin: it has no GetPjrtApi", mock::load);
    }

    @Test
    void anUnknownMajorVersion() throws Exception {
        MockPlugin mock = MockPlugin.compiled("-DMOCK_MAJOR=1", "-DMOCK_MINOR=2");
        assertRefused(
                Code.UNIMPLEMENTED,
                "cannot be used: its PJRT API is 1.2; only major version 0 is known",
                mock::load);
    }

    @Test
    void aVersionThatIsTooOld() throws Exception {
        MockPlugin mock = MockPlugin.compiled("-DMOCK_MINOR=20", "-DMOCK_SLOTS=80");
        assertRefused(
                Code.UNIMPLEMENTED,
                "its PJRT API 0.20 has 80 functions and lacks Executable_OutputElementTypes (slot"
                        + " 90)",
                mock::load);
    }

    @Test
    void aStructThatHasGrown() throws Throwable {
        MockPlugin mock =
                MockPlugin.compiled("-DMOCK_MINOR=140", "-DMOCK_GROWN=\"Client_Create_Args\"");
        assertRefused(
                Code.INVALID_ARGUMENT,
                "Unexpected PJRT_Client_Create_Args size: expected 96, got 88. Check installed"
                    + " software versions. (plugin mock_pjrt.so has PJRT API 0.140, whose"
                    + " PJRT_Client_Create_Args is larger than in 0.115, the newest version that is"
                    + " known here; use an older plugin or a newer Coxswain)",
                () -> mock.load().createClient(Map.of()));
        mock.assertClean();
    }
}
