import { useRouteContext } from '@tanstack/react-router'

/** Whether who is signed in may change the platform; a platform admin reads only. */
export const useMayAct = (): boolean => useRouteContext({ from: '/admin' }).mayAct
