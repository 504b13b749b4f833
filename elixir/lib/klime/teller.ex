defmodule Klime.Teller do
  @moduledoc false
  # Tells the app what becomes of a client's events: writes log lines and runs callbacks, in order and one at a time, each callback in
  # a process of its own.
  #
  # It is linked to nobody. When its client ends, be it killed, it goes on until the core has settled the last event and has told all.

  use GenServer

  require Logger

  alias Klime.{BatchResponse, Event, Native, SendError}

  # What callbacks have when everything else is over, in milliseconds.
  @time_for_callbacks 1000

  @spec start(reference(), map()) :: pid()
  def start(held, settings) do
    {:ok, teller} = GenServer.start(__MODULE__, {held, settings, self()})
    teller
  end

  @doc "The callback that is running now."
  @spec callback(pid()) :: pid() | nil
  def callback(teller) do
    GenServer.call(teller, :callback)
  catch
    # It was killed.
    :exit, _ -> nil
  end

  @doc "Has `{:klime, :done, token, %{}}` sent to the caller when all that was told before has run."
  @spec finish(pid(), term()) :: :ok
  def finish(teller, token), do: GenServer.cast(teller, {:finish, self(), token})

  @doc "Ends what is still running, and says so in the log."
  @spec give_up(pid()) :: :ok
  def give_up(teller) do
    GenServer.stop(teller)
  catch
    :exit, _ -> :ok
  end

  @impl true
  def init({held, settings, client}) do
    Process.flag(:trap_exit, true)
    Native.listen(held)
    metadata = if settings.telemetry, do: %{client: client, name: settings.name}
    {:ok, %{held: held, callbacks: settings.callbacks, metadata: metadata, running: nil, waiting: :queue.new()}}
  end

  @impl true
  def handle_call(:callback, _from, %{running: nil} = state), do: {:reply, nil, state}
  def handle_call(:callback, _from, %{running: {pid, _ref}} = state), do: {:reply, pid, state}

  @impl true
  def handle_cast({:finish, client, token}, state), do: go_on(state, {:finish, client, token})

  @impl true
  def handle_info({:klime, :log, level, text}, state) do
    Logger.log(level, text)
    if state.running == nil, do: Native.told(state.held)
    {:noreply, state}
  end

  def handle_info({:klime, :success, response}, state) do
    go_on(state, {:on_success, [BatchResponse.from_native(response)]})
  end

  def handle_info({:klime, :error, error}, state) do
    error = SendError.from_native(error)
    go_on(state, {:on_error, [error, error.events]})
  end

  def handle_info({:klime, :drop, reason, events}, state) do
    go_on(state, {:on_drop, [reason, Enum.map(events, &Event.from_map/1)]})
  end

  def handle_info({:klime, :over}, state) do
    Process.send_after(self(), :time_is_over, @time_for_callbacks)
    go_on(state, :over)
  end

  def handle_info(:time_is_over, state), do: {:stop, :normal, state}

  def handle_info({:DOWN, ref, :process, pid, _reason}, %{running: {pid, ref}} = state) do
    state = %{state | running: nil}
    # The core tells the next thing only when this one is through, unless the client is about to end.
    if :queue.is_empty(state.waiting), do: Native.told(state.held)
    next(state)
  end

  # Of callbacks that have ended, whose monitors say the same.
  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{running: nil}), do: :ok

  def terminate(_reason, %{running: {pid, _}, waiting: waiting}) do
    Process.exit(pid, :kill)
    count = waiting |> :queue.to_list() |> Enum.count(&match?({name, _arguments} when is_atom(name), &1))
    Logger.warning("klime: the client has ended before its callbacks had, one was running and #{count} waited")
  end

  defp go_on(%{running: nil} = state, item), do: next(%{state | waiting: :queue.in(item, state.waiting)})
  defp go_on(state, item), do: {:noreply, %{state | waiting: add(item, state.waiting)}}

  # Drops that wait are told together, so that a slow callback sees them all in the time that is left.
  defp add({:on_drop, [reason, events]}, waiting) do
    case :queue.out_r(waiting) do
      {{:value, {:on_drop, [^reason, before]}}, rest} -> :queue.in({:on_drop, [reason, [before | events]]}, rest)
      _ -> :queue.in({:on_drop, [reason, events]}, waiting)
    end
  end

  defp add(item, waiting), do: :queue.in(item, waiting)

  defp next(state) do
    case :queue.out(state.waiting) do
      {:empty, _} ->
        {:noreply, state}

      {{:value, :over}, _} ->
        {:stop, :normal, state}

      {{:value, {:finish, client, token}}, waiting} ->
        send(client, {:klime, :done, token, %{}})
        next(%{state | waiting: waiting})

      {{:value, callback}, waiting} ->
        {:noreply, %{state | running: run(callback, state), waiting: waiting}}
    end
  end

  # Linked, so that a callback that hangs does not outlive this process. By `proc_lib`, so that it has the client and those who started
  # that among its `$ancestors`, which what follows them in tests goes by.
  defp run({name, arguments}, %{callbacks: callbacks, metadata: metadata}) do
    work = fn -> call(name, callbacks[name], flat(name, arguments), metadata) end
    pid = :proc_lib.spawn_link(work)
    {pid, Process.monitor(pid)}
  end

  # Drops that were told together are a list of lists by now.
  defp flat(:on_drop, [reason, events]), do: [reason, List.flatten(events)]
  defp flat(_name, arguments), do: arguments

  # What fails in one leaves the other alone.
  defp call(name, fun, arguments, metadata) do
    if metadata, do: attempt("telemetry", fn -> Klime.Telemetry.execute(name, arguments, metadata) end)
    if fun, do: attempt(name, fn -> apply(fun, arguments) end)
  end

  defp attempt(what, work) do
    work.()
  catch
    kind, reason -> Logger.error("klime: #{what} failed: " <> Exception.format(kind, reason, __STACKTRACE__))
  end
end
