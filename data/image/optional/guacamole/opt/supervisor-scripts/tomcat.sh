#!/bin/bash
# VNC in a browser: Guacamole's page. Who signs in with VNC's password is connected to x11vnc.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

readonly PASSWORD_FILE=/var/lib/desktop-control/vnc-password
readonly HOME_OF_GUACAMOLE=/etc/guacamole

xml() { sed -e 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }

# Read again by Guacamole when it changes; a new password holds from the next start of this unit on.
write_users() {
    local password new
    password=$(head -n 1 "$PASSWORD_FILE" | xml)
    install -d -m 0750 -o root -g tomcat "$HOME_OF_GUACAMOLE"
    new=$(mktemp "$HOME_OF_GUACAMOLE/user-mapping.XXXXXX")
    cat >"$new" <<XML
<user-mapping>
    <authorize username="user" password="$password">
        <connection name="Desktop">
            <protocol>vnc</protocol>
            <param name="hostname">127.0.0.1</param>
            <param name="port">$VNC_PORT</param>
            <param name="password">$password</param>
        </connection>
    </authorize>
</user-mapping>
XML
    chown root:tomcat "$new"
    chmod 0640 "$new"
    mv -f -- "$new" "$HOME_OF_GUACAMOLE/user-mapping.xml"
}

# Written anew each time, so that the port is the one that the settings say.
write_server() {
    cat >/opt/tomcat9/conf/server.xml <<XML
<Server port="-1">
  <Service name="Catalina">
    <Connector port="$NOVNC_PORT" address="127.0.0.1" protocol="HTTP/1.1" connectionTimeout="20000"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
XML
}

start_as root "$@"
end_if_turned_off "$DESKTOP_CONTROL_NOVNC"
umask 027
wait_for "VNC's password" 60 test -s "$PASSWORD_FILE"
write_users
write_server
export GUACAMOLE_HOME=$HOME_OF_GUACAMOLE CATALINA_HOME=/opt/tomcat9 CATALINA_BASE=/opt/tomcat9
exec setpriv --reuid=tomcat --regid=tomcat --clear-groups --pdeathsig TERM -- /opt/tomcat9/bin/catalina.sh run
