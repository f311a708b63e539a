// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.Hashtable;
import javax.naming.Context;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

/**
 * Follows aliases in DNS (CNAME records). By itself, since the Java runtime tells the true name of a host only after asking for the name of
 * its address, which whoever owns the address may choose. Waits for the name servers, 1 s at first.
 */
final class Aliases {
    private static final int MAX_ALIASES = 8;
    private static final String CNAME = "CNAME";

    private final String servers;

    /** @param servers {@code dns:} for those of this machine, or a list of {@code dns://host:port} */
    Aliases(String servers) {
        this.servers = servers;
    }

    static Aliases ofThisMachine() {
        return new Aliases("dns:");
    }

    /** What {@code name} stands for; itself if it is no alias, or if nobody can tell. */
    @SuppressWarnings({"BanJNDI", "JdkObsolete"
    }) // records of DNS come as text, never as objects; the table is what the API takes
    String resolve(String name) {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        environment.put(Context.PROVIDER_URL, servers);
        environment.put("com.sun.jndi.dns.timeout.initial", "1000");
        environment.put("com.sun.jndi.dns.timeout.retries", "2");
        String known = name;
        try {
            DirContext directory = new InitialDirContext(environment);
            try {
                for (int i = 0; i < MAX_ALIASES; i++) {
                    Attribute alias =
                            directory.getAttributes(known, new String[] {CNAME}).get(CNAME);
                    if (alias == null) {
                        break;
                    }
                    known = HostName.withoutRoot(String.valueOf(alias.get()));
                }
            } finally {
                directory.close();
            }
        } catch (NamingException e) {
            return known; // the KDC will say whether it knows that name
        }
        return known;
    }
}
