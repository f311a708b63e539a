// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/**
 * Sees every exception that is made in this JVM, whoever makes it and whether it is thrown, wrapped, suppressed or only kept, and every
 * thread that is started: by the flight recorder of the JVM, so that no test has to show what it caught. Thread-safe.
 */
final class FlightWatch {
    private static final String EXCEPTION = "jdk.JavaExceptionThrow";
    private static final String THREAD = "jdk.ThreadStart";

    /** Said by {@code Identity} to {@code ConnectionString}, which says it in other words, without the text that may be half a key. */
    private static final String REPLACED = " must be 1..128 ASCII letters, digits or ";

    /** Said by the JDK to picocli, which asks of every argument whether it is a number. */
    private static final String NO_NUMBER = "For input string: ";

    /** Says what is wrong with the arguments of a command, as they are; the command leaves out what may be secret when it prints that. */
    private static final String ARGUMENTS = "picocli.";

    private static @Nullable Recording running;

    private FlightWatch() {}

    /** A JVM without a flight recorder sees nothing; what is logged is looked at all the same. */
    static boolean isPossible() {
        return FlightRecorder.isAvailable();
    }

    /** From now on. */
    static synchronized void begin() {
        if (running == null && isPossible()) {
            running = started();
        }
    }

    private static Recording started() {
        Recording recording = new Recording();
        recording.setName("upstream-secrets");
        recording.enable(EXCEPTION).withoutStackTrace().with("throttle", "off"); // which newer JVMs would do
        recording.enable(THREAD).withoutStackTrace();
        recording.start();
        return recording;
    }

    /** Looks at all that was made since the last time. */
    static synchronized void look() {
        Recording last = running;
        if (last == null) {
            return;
        }
        running = started(); // before the last one ends: there is no gap
        try {
            last.stop();
            Path file = Files.createTempFile("upstream-secrets", ".jfr");
            try {
                last.dump(file);
                lookInto(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            last.close();
        }
    }

    private static void lookInto(Path file) throws IOException {
        Set<String> seen = new HashSet<>(); // most are made again and again
        try (RecordingFile events = new RecordingFile(file)) {
            while (events.hasMoreEvents()) {
                look(events.readEvent(), seen);
            }
        }
    }

    private static void look(RecordedEvent event, Set<String> seen) {
        switch (event.getEventType().getName()) {
            case THREAD -> SecretScan.look("the name of a thread", name(event.getThread("thread")));
            case EXCEPTION -> {
                String message = event.getString("message");
                String type = event.getClass("thrownClass").getName();
                if (message != null && seen.add(message) && !isDropped(message) && !type.startsWith(ARGUMENTS)) {
                    SecretScan.look("what " + type + " says, made by thread " + name(event.getThread()), message);
                }
            }
            default -> {} // the recorder's own
        }
    }

    /** Whether whoever had it made has forgotten it at once: it was only an answer to a question. */
    private static boolean isDropped(String message) {
        return message.startsWith(NO_NUMBER) || message.contains(REPLACED) || message.startsWith(SecretCheck.FAILED);
    }

    private static String name(@Nullable RecordedThread thread) {
        String name = thread == null ? null : thread.getJavaName();
        return name == null ? "" : name;
    }
}
