# shellcheck shell=bash
# The built-in value of every setting of the stack, lowest in rank: what is already set stays.
# Sourced, never executed.

# Where only the light session is installed, nobody has to say so.
if [[ ! ${DESKTOP+set} && ! -e /usr/bin/startplasma-x11 && -e /usr/bin/openbox-session ]]; then DESKTOP=openbox; fi

: "${DISPLAY:=:20}"         # X display
: "${DISPLAY_SIZEW:=1920}"  # its size until a viewer asks for another one
: "${DISPLAY_SIZEH:=1080}"
: "${DISPLAY_DPI:=96}"
: "${DISPLAY_CDEPTH:=24}"   # bits per pixel
: "${DESKTOP:=plasma}"      # plasma, or openbox for a light session
: "${SELKIES_PORT:=16100}"  # the stream, HTTP and WebSocket
: "${VNC_PORT:=5900}"       # for VNC viewers
: "${NOVNC_PORT:=16200}"    # VNC in a browser
: "${WORKSPACE:=/workspace}"
: "${DESKTOP_CONTROL_VNC:=on}"              # off: no VNC server
: "${DESKTOP_CONTROL_VNC_EXPOSURE:=local}"  # local: VNC from this machine only; all: from every address
: "${DESKTOP_CONTROL_VNC_VIEW_ONLY:=off}"   # on: viewers can look and not touch
: "${DESKTOP_CONTROL_VNC_SHARED:=on}"       # off: a new viewer takes the place of the one before
: "${DESKTOP_CONTROL_NOVNC:=on}"            # off: no VNC in a browser

export DISPLAY DISPLAY_SIZEW DISPLAY_SIZEH DISPLAY_DPI DISPLAY_CDEPTH DESKTOP
export SELKIES_PORT VNC_PORT NOVNC_PORT WORKSPACE DESKTOP_CONTROL_VNC DESKTOP_CONTROL_NOVNC
export DESKTOP_CONTROL_VNC_EXPOSURE DESKTOP_CONTROL_VNC_VIEW_ONLY DESKTOP_CONTROL_VNC_SHARED
