// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * A shared access policy of the hub: who holds one of its keys may do everything.
 *
 * @param name what tokens carry as {@code skn}
 * @param primaryKey base64 of 16 to 64 bytes; a secret
 * @param secondaryKey as {@code primaryKey}; both are always valid
 */
public record ServicePolicy(String name, String primaryKey, String secondaryKey) {
    /** The policy that every hub has. */
    public static final String OWNER = "iothubowner";

    /** The owner's policy with keys of our making. */
    public static ServicePolicy create() {
        return new ServicePolicy(OWNER, newKey(), newKey());
    }

    /** The owner's policy with this primary key. */
    public static ServicePolicy of(String primaryKey) {
        return new ServicePolicy(OWNER, primaryKey, newKey());
    }

    /** Takes the keys as they are, but for their form. */
    public ServicePolicy {
        try {
            CredentialForms.requireKey(primaryKey);
            CredentialForms.requireKey(secondaryKey);
        } catch (HubException e) {
            throw new IllegalArgumentException("policy " + name + ": " + e.getMessage(), e);
        }
    }

    private static String newKey() {
        return new CredentialForms().newKey();
    }

    @Override
    public String toString() {
        return "ServicePolicy[name=" + name + ", keys=***]";
    }
}
