// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.testing.OutputWatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** One run of the command, with streams, environment and signal of its own. */
final class Shell {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Captured out = new Captured();
    private final Captured err = new Captured();
    private final PrintStream seenOut;
    private final OutputWatch seenErr = new OutputWatch("standard error", err, StandardCharsets.UTF_8);
    private final StopSignal stop = new StopSignal();
    private final CompletableFuture<Integer> code = new CompletableFuture<>();
    private final long start = System.nanoTime();

    private Shell(InputStream in, Map<String, String> env, String[] args) {
        boolean tellsSecrets = args.length > 0 && args[0].equals("emulator"); // it is asked for connection strings
        seenOut = tellsSecrets
                ? new PrintStream(out, true, StandardCharsets.UTF_8)
                : new OutputWatch("standard output", out, StandardCharsets.UTF_8);
        Surroundings around = new Surroundings(in, seenOut, seenErr, env, false, stop);
        Thread main = new Thread(() -> code.complete(Cli.run(args, around)), "shell");
        main.setDaemon(true);
        main.start();
    }

    /**
     * How a run ended.
     *
     * @param took from its start
     */
    record Run(int code, String out, String err, Duration took) {
        List<String> errLines() {
            return err.lines().toList();
        }

        /** Each line of standard output as JSON; fails for anything else. */
        List<JsonNode> events() {
            return out.lines().map(Shell::parse).toList();
        }

        JsonNode last() {
            List<JsonNode> events = events();
            return events.get(events.size() - 1);
        }
    }

    static Run run(String... args) {
        return run(InputStream.nullInputStream(), Map.of(), args);
    }

    static Run run(Map<String, String> env, String... args) {
        return run(InputStream.nullInputStream(), env, args);
    }

    static Run run(byte[] in, String... args) {
        return run(new ByteArrayInputStream(in), Map.of(), args);
    }

    private static Run run(InputStream in, Map<String, String> env, String... args) {
        return new Shell(in, env, args).end();
    }

    /** Starts and does not wait. */
    static Shell start(InputStream in, Map<String, String> env, String... args) {
        return new Shell(in, env, args);
    }

    static Shell start(String... args) {
        return start(InputStream.nullInputStream(), Map.of(), args);
    }

    /** As SIGTERM does. */
    void signal() {
        stop.request();
    }

    boolean isRunning() {
        return !code.isDone();
    }

    /** Waits for a whole line of standard output. */
    String awaitLine(Predicate<String> wanted) throws InterruptedException, TimeoutException {
        return out.awaitLine(wanted);
    }

    /** Waits for a whole line of standard error. */
    String awaitNote(Predicate<String> wanted) throws InterruptedException, TimeoutException {
        return err.awaitLine(wanted);
    }

    /** Waits for the end; fails after 50 seconds. */
    Run end() {
        try {
            int ended = code.get(50, TimeUnit.SECONDS);
            seenErr.look();
            if (seenOut instanceof OutputWatch watched) {
                watched.look();
            }
            return new Run(ended, out.text(), err.text(), Duration.ofNanos(System.nanoTime() - start));
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("the command did not end; so far: " + out.text() + err.text(), e);
        }
    }

    static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + line, e);
        }
    }

    /** Bytes that can be read while they are written. */
    private static final class Captured extends ByteArrayOutputStream {
        synchronized String text() {
            return toString(StandardCharsets.UTF_8);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            notifyAll();
        }

        synchronized String awaitLine(Predicate<String> wanted) throws InterruptedException, TimeoutException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (true) {
                String text = text();
                String whole = text.substring(0, text.lastIndexOf('\n') + 1);
                String found = whole.lines().filter(wanted).findFirst().orElse(null);
                if (found != null) {
                    return found;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new TimeoutException("no such line in: " + text);
                }
                wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
            }
        }
    }
}
