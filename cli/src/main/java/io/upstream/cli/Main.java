// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The process: real streams, signals, exit code. */
public final class Main {
    /** Set by the launcher when standard error is a terminal, which the JVM cannot find out by itself. */
    private static final String TERMINAL = "upstream.terminal";

    private static final int BUFFER = 64 << 10;
    private static final int STOP_SECONDS = 10;

    private final StopSignal stop = new StopSignal();
    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicInteger exitCode = new AtomicInteger(Cli.INTERRUPTED);

    private Main() {}

    public static void main(String[] args) {
        System.exit(new Main().run(args));
    }

    private int run(String[] args) {
        Runtime.getRuntime().addShutdownHook(new Thread(this::signalled, "upstream-stop"));
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        boolean terminal = Boolean.getBoolean(TERMINAL);
        try {
            exitCode.set(Cli.run(args, new Surroundings(System.in, out, err, System.getenv(), terminal, stop)));
        } finally {
            out.flush();
            err.flush();
            finished.countDown();
        }
        return exitCode.get();
    }

    /** SIGINT and SIGTERM start the JVM's shutdown; so does the end of {@link #main}, when there is nothing left to do. */
    private void signalled() {
        if (finished.getCount() == 0) {
            return;
        }
        stop.request();
        try {
            finished.await(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(exitCode.get());
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(
                new java.io.BufferedOutputStream(new FileOutputStream(descriptor), BUFFER),
                false,
                StandardCharsets.UTF_8);
    }
}
