// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A JVM of our own that answers each line with a line of JSON and ends with its standard input, so that none outlives the runner. Not
 * thread-safe.
 */
final class ForkedJvm implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long GOODBYE_SECONDS = 5;

    private final String name;
    private final Process process;
    private final BufferedReader out;
    private final Path log;
    private final JsonNode greeting;

    private ForkedJvm(String name, Process process, Path log, Duration limit) throws IOException {
        this.name = name;
        this.process = process;
        this.log = log;
        this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        try {
            this.greeting = read(limit);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts it and waits for its first line.
     *
     * @param log takes its standard error
     */
    static ForkedJvm start(
            String name, List<String> flags, String classPath, Class<?> main, List<String> args, Path log)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Machine.flags());
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(args);
        Process process =
                new ProcessBuilder(command).redirectError(log.toFile()).start();
        return new ForkedJvm(name, process, log, Duration.ofSeconds(60));
    }

    /** Its first line. */
    JsonNode greeting() {
        return greeting;
    }

    /**
     * Sends a line and waits for the answer.
     *
     * @throws IOException if there is none in time, or it is an error
     */
    JsonNode ask(String line, Duration limit) throws IOException {
        OutputStream in = process.getOutputStream();
        in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        JsonNode answer = read(limit);
        if (answer.has("error")) {
            throw new IOException(name + ": " + answer.path("error").asText());
        }
        return answer;
    }

    private JsonNode read(Duration limit) throws IOException {
        try {
            String line = CompletableFuture.supplyAsync(this::readLine).get(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (line.isEmpty()) {
                throw new IOException(name + " ended without an answer: " + lastWords());
            }
            return JSON.readTree(line);
        } catch (TimeoutException e) {
            throw new IOException(name + " did not answer within " + limit.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(name + " cannot be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Empty at the end. A library that prints has its lines skipped. */
    private String readLine() {
        try {
            String line = out.readLine();
            while (line != null && !line.startsWith("{")) {
                line = out.readLine();
            }
            return line == null ? "" : line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String lastWords() throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.stream()
                .filter(line -> !line.startsWith("SLF4J"))
                .findFirst()
                .orElse("it said nothing");
    }

    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(GOODBYE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
