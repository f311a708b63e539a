// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The script at the top of the repository, as far as it goes without a build. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class LauncherTest {
    private static final Path SCRIPT =
            Path.of("..", "upstream").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    @Test
    void asksForANewerJava() throws Exception {
        assertFails(jdk("11.0.2", "exit 9"), SCRIPT, "is Java 11: a JDK 17 or newer is needed");
    }

    @Test
    void saysThatJavaHomeIsWrong() throws Exception {
        assertFails(directory.resolve("nowhere"), SCRIPT, "set it to a JDK 17 or newer");
    }

    @Test
    void wantsACompilerForTheFirstBuild() throws Exception {
        Path top = Files.createDirectories(directory.resolve("top"));
        Path script = Files.copy(SCRIPT, top.resolve("upstream"));
        assertFails(jdk("17.0.1", "exit 9"), script, "has no compiler");
    }

    @Test
    void runsTheBuildWithItsArgumentsThroughLinks() throws Exception {
        Path script = builtOnce("cli");
        Files.createSymbolicLink(directory.resolve("link"), script);
        Path second = Files.createSymbolicLink(directory.resolve("second"), Path.of("link"));
        Run run = run(jdk("17.0.1", "printf '[%s]' \"$@\""), second, "send", "two words", "");
        assertEquals(0, run.code, run.text);
        assertTrue(run.text.endsWith("[io.upstream.cli.Main][send][two words][]"), run.text);
        assertTrue(run.text.contains("[" + library(script, "cli") + "/*]"), run.text);
    }

    @Test
    void runsTheComparisonFromItsOwnModule() throws Exception {
        Path script = builtOnce("benchmarks");
        Run run = run(jdk("17.0.1", "printf '[%s]' \"$@\""), script, "bench", "--peers", "--out", "two words");
        assertEquals(0, run.code, run.text);
        Path library = library(script, "benchmarks");
        assertTrue(run.text.contains("[" + library + "/*]"), run.text);
        String arguments = "[--out][two words][--peer-libs][" + library.resolveSibling("peers") + "]";
        assertTrue(run.text.endsWith("[io.upstream.benchmarks.runner.Peers]" + arguments), run.text);
    }

    /** A copy of the script in a directory that looks as if it had been built there. */
    private Path builtOnce(String module) throws IOException {
        Path top = Files.createDirectories(directory.resolve("a place"));
        Path script = Files.copy(SCRIPT, top.resolve("upstream"));
        Path home = Files.createDirectories(top.resolve(module + "/target/upstream/build-1/lib"))
                .getParent();
        Files.createFile(home.resolve("started"));
        Files.writeString(home.resolveSibling("current"), "build-1\n");
        return script;
    }

    private static Path library(Path script, String module) throws IOException {
        return script.resolveSibling(module + "/target/upstream/build-1/lib").toRealPath();
    }

    private void assertFails(Path javaHome, Path script, String words) throws Exception {
        Run run = run(javaHome, script, "--version");
        assertEquals(1, run.code, run.text);
        assertEquals(
                1, run.text.lines().filter(line -> !line.contains("building")).count(), run.text);
        assertTrue(run.text.contains(words), run.text);
    }

    /** A directory that looks like a JDK whose java is a script. */
    private Path jdk(String version, String java) throws IOException {
        Path bin = Files.createDirectories(directory.resolve("jdk/bin"));
        Files.writeString(directory.resolve("jdk/release"), "JAVA_VERSION=\"" + version + "\"\n");
        Path program = Files.writeString(bin.resolve("java"), "#!/bin/sh\n" + java + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return bin.getParent();
    }

    private record Run(int code, String text) {}

    private Run run(Path javaHome, Path script, String... args) throws Exception {
        java.util.List<String> command = new java.util.ArrayList<>(java.util.List.of("sh", script.toString()));
        command.addAll(java.util.List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", javaHome.toString());
        builder.environment().remove("UPSTREAM_JAVA_OPTS");
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        return new Run(process.exitValue(), text);
    }
}
