package io.coxswain.launcher.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** A file with the token without which the HTTP port tells nothing. */
public final class TokenFile {
    private static final Pattern TOKEN = Pattern.compile("[!-~]{16,512}");
    private static final long MOST_BYTES = 4_096;

    private TokenFile() {}

    /**
     * The token.
     *
     * @throws IOException if there is none; the message names the file and says what to do
     */
    public static String read(Path file) throws IOException {
        String text;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new IOException("it is larger than a token can be");
            }
            text = Files.readString(file).strip();
        } catch (NoSuchFileException missing) {
            throw new IOException(file + " is not there: " + advice(file), missing);
        } catch (IOException unreadable) {
            throw new IOException(
                    file + " cannot be read as a token: " + unreadable.getMessage(), unreadable);
        }
        if (!TOKEN.matcher(text).matches()) {
            throw new IOException(
                    file
                            + " holds no token: expected one line of 16 to 512 visible ASCII"
                            + " characters; "
                            + advice(file));
        }
        return text;
    }

    private static String advice(Path file) {
        return "make one with: (umask 077; head -c 24 /dev/urandom | base64 > " + file + ")";
    }
}
