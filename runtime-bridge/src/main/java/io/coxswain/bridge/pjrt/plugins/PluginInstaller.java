package io.coxswain.bridge.pjrt.plugins;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Puts plugins into the user's cache and takes them out again. One process at a time does so: it
 * holds a lock from {@link #begin} to {@link #close}. A plugin appears, is replaced and disappears
 * at one instant, the rename or the removal of its {@code plugin.json}; whatever ends the process
 * before leaves only files that the next installer sweeps. Processes that use a plugin keep the
 * files that they mapped. Confined to one thread, but for {@link #close}.
 */
public final class PluginInstaller implements AutoCloseable {
    private static final String LOCK = ".lock";
    private static final String WORK = ".work-";
    private static final int BUFFER_BYTES = 1 << 20;

    private final PluginStore store;
    private final FileChannel lockFile;
    private final FileLock lock;
    private final Path work;

    private PluginInstaller(PluginStore store, FileChannel lockFile, FileLock lock, Path work) {
        this.store = store;
        this.lockFile = lockFile;
        this.lock = lock;
        this.work = work;
    }

    /**
     * Begins to change the store of that cache, which is made if need be, and removes what an
     * earlier installer left behind.
     *
     * @throws PluginException if somebody else does, or the cache cannot be written to
     */
    public static PluginInstaller begin(PluginStore store) throws PluginException {
        Path plugins = store.cache().plugins();
        try {
            Files.createDirectories(plugins);
            FileChannel file =
                    FileChannel.open(
                            plugins.resolve(LOCK),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            boolean begun = false;
            try {
                FileLock lock = lock(file, plugins);
                sweep(plugins);
                Path work = plugins.resolve(WORK + ProcessHandle.current().pid());
                Files.createDirectory(work);
                begun = true;
                return new PluginInstaller(store, file, lock, work);
            } finally {
                if (!begun) {
                    file.close();
                }
            }
        } catch (IOException e) {
            throw new PluginException(
                    "cannot write to %s, where runtimes are installed: %s; name another folder with %s"
                            .formatted(plugins, e, CacheFolder.VARIABLE),
                    e);
        }
    }

    private static FileLock lock(FileChannel file, Path plugins)
            throws IOException, PluginException {
        @Nullable FileLock lock;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new PluginException(
                    "another process%s is installing or removing a runtime in %s; try again when it has ended"
                            .formatted(holder(file), plugins));
        }
        String pid = Long.toString(ProcessHandle.current().pid());
        file.truncate(0);
        file.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
        return lock;
    }

    private static String holder(FileChannel file) throws IOException {
        ByteBuffer pid = ByteBuffer.allocate(20);
        file.read(pid, 0);
        String text = new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII);
        return text.isBlank() ? "" : " (" + text + ")";
    }

    // Under the lock, so whatever is not named by a record belongs to nobody.
    private static void sweep(Path plugins) throws IOException {
        for (Path folder : list(plugins)) {
            if (folder.getFileName().toString().startsWith(WORK)) {
                delete(folder);
            } else if (Files.isDirectory(folder)) {
                sweepContents(folder);
            }
        }
    }

    private static void sweepContents(Path folder) throws IOException {
        String used = "";
        try {
            used = PluginRecord.read(folder).library();
        } catch (NoSuchFileException e) {
            // Nothing is installed under that name.
        } catch (IOException e) {
            // An unreadable record is somebody's to look at; what it names is kept with it.
            return;
        }
        for (Path content : list(folder)) {
            String name = content.getFileName().toString();
            if (Files.isDirectory(content) && !used.startsWith(name + "/")) {
                delete(content);
            }
        }
    }

    /** A folder on the store's file system for a download; gone after {@link #close}. */
    public Path workFolder() {
        return work;
    }

    /**
     * Installs a plugin from its wheel, in the place of the one that may be there.
     *
     * @param progress hears how many bytes have been unpacked
     * @throws PluginException if the wheel is not the pinned one, has not what it should have, or
     *     does not fit on the disk; the store is as it was then
     */
    public InstalledPlugin install(KnownPlugin plugin, Path wheel, LongConsumer progress)
            throws PluginException {
        Path folder = store.cache().plugins().resolve(plugin.name());
        try {
            requirePinned(plugin, wheel);
            Files.createDirectories(folder);
            Path content = newContent(folder, plugin);
            boolean done = false;
            try {
                String digest = unpack(plugin, wheel, content, progress);
                String library = folder.relativize(content.resolve(plugin.library())).toString();
                new PluginRecord(
                                plugin.name(),
                                library,
                                digest,
                                plugin.distribution(),
                                plugin.version())
                        .write(folder);
                done = true;
            } finally {
                if (!done) {
                    delete(content);
                }
            }
            sweepContents(folder);
            return store.find(plugin.name());
        } catch (IOException | UncheckedIOException e) {
            throw new PluginException(
                    "cannot install %s in %s: %s".formatted(plugin.name(), folder, e), e);
        }
    }

    private static Path newContent(Path folder, KnownPlugin plugin) throws IOException {
        String name = plugin.version() + "-" + plugin.sha256().substring(0, 8);
        Path content = folder.resolve(name);
        for (int i = 2; Files.exists(content); i++) {
            content = folder.resolve(name + "-" + i);
        }
        return Files.createDirectory(content);
    }

    private static void requirePinned(KnownPlugin plugin, Path wheel)
            throws IOException, PluginException {
        if (!Files.isReadable(wheel) || Files.isDirectory(wheel)) {
            throw new PluginException("there is no wheel %s that can be read".formatted(wheel));
        }
        String actual = Digests.sha256(wheel);
        if (!actual.equals(plugin.sha256())) {
            throw new PluginException(
                    "%s is not the wheel of %s %s: its SHA-256 is %s, expected %s"
                            .formatted(
                                    wheel,
                                    plugin.distribution(),
                                    plugin.version(),
                                    actual,
                                    plugin.sha256()));
        }
    }

    /** Returns the library's digest. */
    private String unpack(KnownPlugin plugin, Path wheel, Path content, LongConsumer progress)
            throws IOException, PluginException {
        List<PathMatcher> keep =
                plugin.keep().stream()
                        .map(pattern -> FileSystems.getDefault().getPathMatcher("glob:" + pattern))
                        .toList();
        try (var zip = new ZipFile(wheel.toFile())) {
            ZipEntry library = zip.getEntry(plugin.library());
            if (library == null) {
                throw new PluginException(
                        "the wheel %s has no %s".formatted(wheel, plugin.library()));
            }
            requireRoom(content, library.getSize());
            for (ZipEntry entry : zip.stream().toList()) {
                if (!entry.isDirectory()
                        && keep.stream().anyMatch(one -> one.matches(Path.of(entry.getName())))) {
                    write(zip, entry, content, _ -> {});
                }
            }
            Path file = write(zip, library, content, progress);
            return store.digests().compute(file);
        } catch (ZipException e) {
            throw new PluginException(
                    "the wheel %s is damaged: %s".formatted(wheel, e.getMessage()), e);
        }
    }

    private static void requireRoom(Path folder, long bytes) throws IOException, PluginException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes > free) {
            throw new PluginException(
                    "not enough room in %s: the library needs %d MB, free are %d MB; name another folder with %s"
                            .formatted(
                                    folder.getParent(),
                                    bytes / 1_000_000,
                                    free / 1_000_000,
                                    CacheFolder.VARIABLE));
        }
    }

    private static Path write(ZipFile zip, ZipEntry entry, Path content, LongConsumer progress)
            throws IOException, PluginException {
        Path target = content.resolve(entry.getName()).normalize();
        // An archive may name what lies outside of it.
        if (!target.startsWith(content) || target.equals(content)) {
            throw new PluginException(
                    "the wheel has an entry that leaves its folder: '%s'"
                            .formatted(entry.getName()));
        }
        Files.createDirectories(target.getParent());
        byte[] buffer = new byte[BUFFER_BYTES];
        long written = 0;
        try (InputStream in = zip.getInputStream(entry);
                FileChannel file =
                        FileChannel.open(
                                target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                OutputStream out = Channels.newOutputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                written += n;
                progress.accept(written);
            }
            // The record must not outlive a power failure that its library did not.
            file.force(true);
        }
        FileTime packed = entry.getLastModifiedTime();
        if (packed != null) {
            Files.setLastModifiedTime(target, packed);
        }
        return target;
    }

    /**
     * Removes a plugin, damaged or not.
     *
     * @return whether there was one
     */
    public boolean remove(String called) throws PluginException {
        if (!PluginStore.NAME.matcher(called).matches()) {
            throw new PluginException("'%s' is no name of a runtime".formatted(called));
        }
        Path folder = store.cache().plugins().resolve(store.properName(called));
        try {
            boolean there = Files.deleteIfExists(PluginRecord.in(folder));
            delete(folder);
            return there;
        } catch (IOException e) {
            throw new PluginException("cannot remove %s: %s".formatted(folder, e), e);
        }
    }

    /** Ends it, and removes the work folder. Any thread; a second call does nothing. */
    @Override
    public void close() {
        try (lockFile) {
            if (lockFile.isOpen()) {
                delete(work);
                lock.release();
            }
        } catch (IOException e) {
            // The next installer sweeps.
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> deepestFirst;
        try (var files = Files.walk(folder)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }
}
