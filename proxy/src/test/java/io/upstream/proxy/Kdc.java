// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import javax.security.auth.Subject;
import javax.security.auth.kerberos.KerberosPrincipal;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.apache.kerby.kerberos.kerb.KrbException;
import org.apache.kerby.kerberos.kerb.server.KdcConfigKey;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;
import org.apache.kerby.kerberos.kerb.type.ticket.TgtTicket;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.Oid;

/** A KDC on loopback that nobody here wrote, known to this JVM as the one of its realm, and the services that trust it. */
final class Kdc implements AutoCloseable {
    static final String REALM = "CORP.EXAMPLE";

    private static final String CONFIGURATION = "java.security.krb5.conf";

    private final String before = System.getProperty(CONFIGURATION, "");
    private final Path directory;
    private final SimpleKdcServer server = new SimpleKdcServer();

    /** @param ticketSeconds how long a ticket lasts */
    Kdc(Path directory, long ticketSeconds) throws KrbException, IOException {
        this.directory = directory;
        int port = freePort();
        server.setWorkDir(directory.toFile());
        server.setKdcHost("127.0.0.1");
        server.setKdcRealm(REALM);
        server.setAllowUdp(false);
        server.setAllowTcp(true);
        server.setKdcTcpPort(port);
        server.getKdcConfig().setLong(KdcConfigKey.MAXIMUM_TICKET_LIFETIME, ticketSeconds);
        server.getKdcConfig().setLong(KdcConfigKey.MINIMUM_TICKET_LIFETIME, 1L);
        server.init();
        server.start();
        configure(directory, port, "udp_preference_limit = 1");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Tells this JVM where the KDC is. */
    static void configure(Path directory, int port, String more) throws IOException {
        Path file = directory.resolve("upstream-krb5.conf");
        Files.writeString(file, """
                [libdefaults]
                  default_realm = CORP.EXAMPLE
                  dns_lookup_kdc = false
                  %s
                [realms]
                  CORP.EXAMPLE = {
                    kdc = 127.0.0.1:%d
                  }
                """.formatted(more, port));
        System.setProperty(CONFIGURATION, file.toString());
    }

    /** The key of a new principal, in a file. */
    Path keytab(String principal) throws KrbException {
        server.createPrincipals(principal);
        Path keytab = directory.resolve(principal.replace('/', '_') + ".keytab");
        server.exportPrincipal(principal, keytab.toFile());
        return keytab;
    }

    /** As {@code kinit} would. */
    void writeTicketCache(Path keytab, String principal, Path cache) throws KrbException {
        TgtTicket ticket = server.getKrbClient().requestTgt(principal, keytab.toFile());
        server.getKrbClient().storeTicket(ticket, cache.toFile());
    }

    /** A subject that was logged in by somebody else. */
    static Subject login(Path keytab, String principal) throws Exception {
        return loggedIn(Map.of(
                "useKeyTab",
                "true",
                "keyTab",
                keytab.toString(),
                "principal",
                principal,
                "doNotPrompt",
                "true",
                "refreshKrb5Config",
                "true"));
    }

    private static Subject loggedIn(Map<String, String> options) throws Exception {
        LoginContext context = new LoginContext("test", new Subject(), null, new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {
                    new AppConfigurationEntry(
                            "com.sun.security.auth.module.Krb5LoginModule", LoginModuleControlFlag.REQUIRED, options)
                };
            }
        });
        context.login();
        return context.getSubject();
    }

    /** A service that accepts tickets. */
    static GSSContext service(Path keytab, String principal) throws Exception {
        Subject subject = loggedIn(Map.of(
                "useKeyTab",
                "true",
                "keyTab",
                keytab.toString(),
                "principal",
                principal,
                "doNotPrompt",
                "true",
                "storeKey",
                "true",
                "isInitiator",
                "false",
                "refreshKrb5Config",
                "true"));
        return as(subject, () -> {
            GSSManager manager = GSSManager.getInstance();
            return manager.createContext(manager.createCredential(
                    null, GSSCredential.INDEFINITE_LIFETIME, new Oid("1.3.6.1.5.5.2"), GSSCredential.ACCEPT_ONLY));
        });
    }

    /** The service's answer to the value of {@code Proxy-Authorization}. */
    static byte[] accept(GSSContext service, String field) throws Exception {
        byte[] token = Base64.getDecoder().decode(field.substring("Negotiate ".length()));
        byte[] answer = service.acceptSecContext(token, 0, token.length);
        return answer == null ? new byte[0] : answer;
    }

    static Subject withoutTickets() {
        return new Subject(false, Set.of(new KerberosPrincipal("nobody@" + REALM)), Set.of(), Set.of());
    }

    private static <T> T as(Subject subject, PrivilegedExceptionAction<T> action) throws Exception {
        return Subject.doAs(subject, action);
    }

    @Override
    public void close() throws KrbException {
        restore(before);
        server.stop();
    }

    static void restore(String before) {
        if (before.isEmpty()) {
            System.clearProperty(CONFIGURATION);
        } else {
            System.setProperty(CONFIGURATION, before);
        }
    }
}
