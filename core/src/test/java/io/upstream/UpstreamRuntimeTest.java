// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UpstreamRuntimeTest {
    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    private static boolean get(CompletableFuture<Boolean> outcome) throws Exception {
        return outcome.get(20, TimeUnit.SECONDS);
    }

    @Test
    void knowsItsOwnThreads() throws Exception {
        Executor loops = runtime.unwrap(Executor.class);
        assertEquals(true, get(CompletableFuture.supplyAsync(runtime::ownsCurrentThread, loops)));
        assertEquals(true, get(CompletableFuture.supplyAsync(runtime::ownsCurrentThread, runtime.callbacks())));
        assertEquals(true, get(CompletableFuture.supplyAsync(runtime::ownsCurrentThread, runtime.blocking())));
        assertEquals(true, get(CompletableFuture.supplyAsync(runtime::ownsCurrentThread, runtime.resolving())));
        assertEquals(false, runtime.ownsCurrentThread());
    }

    @Test
    void doesNotTakeAThreadThatACallbackMadeForItsOwn() throws Exception {
        CompletableFuture<Boolean> owned = new CompletableFuture<>();
        runtime.callbacks().execute(() -> new Thread(() -> owned.complete(runtime.ownsCurrentThread())).start());
        assertEquals(false, get(owned));
    }

    /** P15: names. */
    @Test
    void doesOtherWorkWhileNameServersDoNotAnswer() throws Exception {
        CountDownLatch answers = new CountDownLatch(1);
        for (int i = 0; i < 32; i++) {
            runtime.resolving().execute(() -> {
                try {
                    answers.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        assertEquals(true, get(CompletableFuture.supplyAsync(() -> true, runtime.blocking())));
        answers.countDown();
    }
}
