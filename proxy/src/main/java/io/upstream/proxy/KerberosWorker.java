// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.security.PrivilegedExceptionAction;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.security.auth.login.LoginException;
import org.jspecify.annotations.Nullable;

/**
 * The one thread on which a ticket is fetched and used: it may wait for the KDC. All who wait for the same KDC wait here, in a bounded
 * queue, and for nobody else's threads; who has given up is passed over. The thread ends when there is nothing to do.
 */
final class KerberosWorker implements AutoCloseable {
    static final int MAX_WAITING = 10_000;

    private static final int IDLE_SECONDS = 10;

    /** A ticket that ends this soon is replaced if it can be. */
    private static final int MARGIN_SECONDS = 60;

    private final TicketSource source;
    private final ThreadPoolExecutor thread;
    private @Nullable KerberosLogin login;

    /** There is no ticket; the cause says why, as far as anybody knows. */
    static final class NoTicketException extends Exception {
        private static final long serialVersionUID = 1L;

        NoTicketException(String advice, @Nullable Throwable cause) {
            super(advice, cause);
        }
    }

    KerberosWorker(TicketSource source) {
        this.source = source;
        thread = new ThreadPoolExecutor(
                1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_WAITING), task -> {
                    Thread made = new Thread(task, "upstream-kerberos");
                    made.setDaemon(true);
                    return made;
                });
        thread.allowCoreThreadTimeOut(true);
    }

    /**
     * Does {@code action} in the name of a subject that has a ticket. Fails with {@link NoTicketException}, with {@link
     * RejectedExecutionException} if too many wait or this is closed, or with what the action throws.
     */
    <T> CompletableFuture<T> submit(PrivilegedExceptionAction<T> action) {
        CompletableFuture<T> done = new CompletableFuture<>();
        try {
            thread.execute(() -> run(action, done));
        } catch (RejectedExecutionException e) {
            done.completeExceptionally(e);
        }
        return done;
    }

    private <T> void run(PrivilegedExceptionAction<T> action, CompletableFuture<T> done) {
        if (done.isDone()) {
            return; // nobody waits any more
        }
        try {
            done.complete(current().as(action));
        } catch (Exception | LinkageError e) {
            done.completeExceptionally(e);
        }
    }

    private KerberosLogin current() throws NoTicketException {
        Instant now = Instant.now();
        KerberosLogin known = login;
        if (known != null && known.isValid(now.plusSeconds(MARGIN_SECONDS))) {
            return known;
        }
        drop();
        try {
            KerberosLogin fresh = source.login();
            login = fresh;
            if (fresh.isValid(now)) {
                return fresh;
            }
        } catch (LoginException | SecurityException e) {
            throw new NoTicketException(source.advice(), e);
        }
        drop();
        throw new NoTicketException(source.advice(), null);
    }

    private void drop() {
        KerberosLogin old = login;
        login = null;
        if (old != null) {
            old.close();
        }
    }

    @Override
    public void close() {
        if (!thread.isShutdown()) {
            try {
                thread.execute(this::drop);
            } catch (RejectedExecutionException e) {
                // the ticket goes with the object then
            }
            thread.shutdown();
        }
    }
}
