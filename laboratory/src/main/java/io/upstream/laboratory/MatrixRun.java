// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.emulator.IotHubEmulator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Plays many cells, some at once. */
public final class MatrixRun {
    private final long seed;
    private final int parallel;
    private final Path directory;

    /**
     * @param parallel how many cells at once; most of their time they wait
     * @param directory of the hubs' certificate authority, shared by all
     */
    public MatrixRun(long seed, int parallel, Path directory) {
        this.seed = seed;
        this.parallel = parallel;
        this.directory = directory;
    }

    /** The files of the directory are made by one hub, before many look for them. */
    private void prepare() throws IOException {
        IotHubEmulator.builder().directory(directory).start().close();
    }

    /**
     * Plays them all.
     *
     * @param told each verdict as it comes, on this thread
     * @return the verdicts in the order of the cells
     */
    public List<Verdict> run(List<Cell> cells, Consumer<Verdict> told) throws IOException, InterruptedException {
        prepare();
        ExecutorService threads = Executors.newFixedThreadPool(parallel);
        try {
            ExecutorCompletionService<Verdict> playing = new ExecutorCompletionService<>(threads);
            cells.forEach(cell -> playing.submit(() -> new CellRun(cell, seed, directory).run()));
            List<Verdict> verdicts = new ArrayList<>();
            for (int i = 0; i < cells.size(); i++) {
                Verdict verdict = playing.take().get();
                verdicts.add(verdict);
                told.accept(verdict);
            }
            verdicts.sort((a, b) -> cells.indexOf(a.cell()) - cells.indexOf(b.cell()));
            return verdicts;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a cell gave no verdict", e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }
}
