// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import javax.security.auth.login.LoginException;
import org.jspecify.annotations.Nullable;

/** Where the ticket that lets us ask for other tickets comes from. Prints no key. */
interface TicketSource {

    /**
     * Fetches a ticket; may take as long as the KDC does.
     *
     * @throws LoginException if there is none
     */
    KerberosLogin login() throws LoginException;

    /** What to look at when there is no ticket. */
    String advice();

    record Keytab(Path file, String principal) implements TicketSource {
        @Override
        public KerberosLogin login() throws LoginException {
            return loggedIn(Map.of(
                    "useKeyTab", "true", "keyTab", file.toString(), "principal", principal, "isInitiator", "true"));
        }

        @Override
        public String advice() {
            return "check the principal " + principal + ", the keytab " + file + ", krb5.conf and this machine's clock";
        }

        @Override
        public String toString() {
            return principal + " of keytab " + file;
        }
    }

    /**
     * What {@code kinit} leaves behind.
     *
     * @param file null for the one of this process's user
     */
    record Cache(@Nullable Path file) implements TicketSource {
        @Override
        public KerberosLogin login() throws LoginException {
            Map<String, String> options = new HashMap<>(Map.of("useTicketCache", "true", "renewTGT", "false"));
            if (file != null) {
                options.put("ticketCache", file.toString());
            }
            return loggedIn(options);
        }

        @Override
        public String advice() {
            return "run kinit, or check what keeps the " + this + " fresh";
        }

        @Override
        public String toString() {
            return file == null ? "ticket cache of this user" : "ticket cache " + file;
        }
    }

    record Given(Subject subject) implements TicketSource {
        @Override
        public KerberosLogin login() {
            return new KerberosLogin(subject, null);
        }

        @Override
        public String advice() {
            return "have the application keep its subject logged in";
        }

        @Override
        public String toString() {
            return "the application's subject"; // a subject prints its keys
        }
    }

    private static KerberosLogin loggedIn(Map<String, String> options) throws LoginException {
        LoginContext context = new LoginContext("upstream", new Subject(), null, new OneModule(options));
        context.login();
        return new KerberosLogin(context.getSubject(), context);
    }

    /** The Java runtime's Kerberos, told in so many words, so that no file of the process can change it; it asks nobody anything. */
    final class OneModule extends Configuration {
        private static final String NAME = "com.sun.security.auth.module.Krb5LoginModule";

        private final Map<String, String> options;

        OneModule(Map<String, String> options) {
            this.options = new HashMap<>(options);
            this.options.put("doNotPrompt", "true");
            this.options.put("refreshKrb5Config", "true");
        }

        @Override
        public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
            return new AppConfigurationEntry[] {
                new AppConfigurationEntry(NAME, LoginModuleControlFlag.REQUIRED, options)
            };
        }
    }
}
