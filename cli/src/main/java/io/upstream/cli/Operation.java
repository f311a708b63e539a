// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.UpstreamException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands have in common: how they print, and that they end with an exit code. */
@Command(version = UpstreamCommand.VERSION)
abstract class Operation implements Callable<Integer> {
    @Mixin
    final OutputOptions output = new OutputOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private final Surroundings around;

    Operation(Surroundings around) {
        this.around = around;
    }

    @Override
    public final Integer call() throws Exception {
        output.applyVerbosity();
        return perform(new Console(around, output.json()));
    }

    /** Does it; gives the exit code. What it throws is reported as one line and ends with 1, or 2 if it is a usage error. */
    abstract int perform(Console console) throws Exception;

    final Surroundings around() {
        return around;
    }

    /** The command as its errors name it, {@code upstream send}. */
    final String commandName() {
        return spec.qualifiedName();
    }

    /** What the options and the environment say, or a usage error. */
    final Target resolve(TargetOptions options, int window) throws UpstreamException {
        try {
            return options.resolve(around.env(), window);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    /** Connects, and tells through which proxy, if there is one, and by which rule; with {@code -v} before and in any case. */
    final Link connect(Console console, Target target)
            throws UpstreamException, StoppedException, InterruptedException {
        boolean verbose = output.verbosity() > 0;
        if (verbose) {
            target.options().protocols().stream().map(target::wayOf).distinct().forEach(way -> tell(console, way));
        }
        Link link = Link.open(target, around.stop());
        try {
            if (!verbose && !console.isJson() && link.proxy() != null) {
                tell(console, target.wayOf(link.protocol()));
            }
            return link;
        } catch (UpstreamException e) {
            link.close();
            throw e;
        }
    }

    private void tell(Console console, @Nullable String way) {
        if (way != null) {
            console.note(commandName() + ": " + way);
        }
    }

    /** Does {@code work}, which is interrupted when somebody wants the command to end. */
    final <T> T interruptibly(Callable<T> work) throws Exception {
        Thread worker = Thread.currentThread();
        CompletableFuture<Void> stop = around.stop().requested();
        CompletableFuture<Void> interrupt = stop.thenRun(worker::interrupt);
        try {
            return work.call();
        } catch (InterruptedException e) {
            throw stop.isDone() ? new StoppedException() : e;
        } finally {
            interrupt.cancel(false);
        }
    }

    /** A usage error now, if there is a file to write when all is done and it cannot be written. */
    final void requireWritable(String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory) || Files.isDirectory(file)) {
            throw usage(option + ": " + file + " is no file in a directory that exists");
        }
        if (!Files.isWritable(Files.exists(file) ? file : directory)) {
            throw usage(option + ": " + file + " cannot be written");
        }
    }

    final ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
