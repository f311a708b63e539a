// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.security.PrivilegedActionException;
import java.security.PrivilegedExceptionAction;
import java.time.Instant;
import java.util.List;
import javax.security.auth.Subject;
import javax.security.auth.kerberos.KerberosTicket;
import javax.security.auth.login.LoginContext;
import javax.security.auth.login.LoginException;
import org.ietf.jgss.GSSCredential;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A subject that has a ticket, for as long as that lasts. Confined to its worker's thread. */
final class KerberosLogin implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KerberosLogin.class);

    private final Subject subject;
    private final @Nullable LoginContext context;

    /** @param context what to log out from in the end, or null if that is somebody else's business */
    KerberosLogin(Subject subject, @Nullable LoginContext context) {
        this.subject = subject;
        this.context = context;
    }

    /**
     * Whether there is a ticket for asking for tickets, and one that is good at {@code time}. Without one the Java runtime may go and ask for a password on the console, if the
     * process has been told to look beyond the subject, so this is asked first.
     */
    boolean isValid(Instant time) {
        return tickets().stream()
                        .anyMatch(ticket -> isForTickets(ticket)
                                && ticket.getEndTime().toInstant().isAfter(time))
                || !subject.getPrivateCredentials(GSSCredential.class).isEmpty();
    }

    private List<KerberosTicket> tickets() {
        return subject.getPrivateCredentials(KerberosTicket.class).stream()
                .filter(ticket -> !ticket.isDestroyed())
                .toList();
    }

    private static boolean isForTickets(KerberosTicket ticket) {
        return ticket.getServer().getName().startsWith("krbtgt/");
    }

    /** Does {@code action} in the subject's name. */
    @SuppressWarnings("removal") // the newer way is of Java 18; this one goes on to work
    <T> T as(PrivilegedExceptionAction<T> action) throws Exception {
        try {
            return Subject.doAs(subject, action);
        } catch (PrivilegedActionException e) {
            throw e.getException();
        }
    }

    @Override
    public void close() {
        if (context == null) {
            return;
        }
        try {
            context.logout();
        } catch (LoginException e) {
            log.debug("a Kerberos login could not be ended", e);
        }
    }
}
