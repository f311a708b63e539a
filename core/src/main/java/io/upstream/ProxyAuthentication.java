// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How to answer a proxy that asks who we are. Immutable and thread-safe; prints no secret. */
public final class ProxyAuthentication {
    /** Nobody has given credentials: a proxy that asks for some refuses us. */
    public static final ProxyAuthentication NONE = new ProxyAuthentication(null);

    private final @Nullable UserPassword userPassword;

    private ProxyAuthentication(@Nullable UserPassword userPassword) {
        this.userPassword = userPassword;
    }

    /** The same user name and password for as long as the process runs. */
    public static ProxyAuthentication of(UserPassword userPassword) {
        return new ProxyAuthentication(Objects.requireNonNull(userPassword, "userPassword"));
    }

    /** What was given as user name and password, or null. */
    public @Nullable UserPassword userPassword() {
        return userPassword;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ProxyAuthentication that && Objects.equals(userPassword, that.userPassword);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(userPassword);
    }

    @Override
    public String toString() {
        return userPassword == null ? "no credentials" : "user name and password";
    }
}
