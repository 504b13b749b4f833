defmodule Klime.Owner do
  @moduledoc false
  # The process of a client. It owns the core's client, has answers sent to those who wait for them, and delivers what is pending when
  # it is stopped. `Klime.Teller` tells the app what becomes of events.

  use GenServer

  require Logger

  alias Klime.{BatchResponse, Native, SendError, Teller, Testing, Waiters}

  # What a stop adds to its time for sending.
  @time_for_callbacks 1000
  # How often a stop looks whether a callback waits for it.
  @pause 100

  @doc "Starts the process for a client of the core's."
  @spec start_link(reference(), map()) :: GenServer.on_start()
  def start_link(held, settings), do: GenServer.start_link(__MODULE__, {held, settings}, name_of(settings))

  defp name_of(%{name: nil}), do: []
  defp name_of(%{name: name}), do: [name: name]

  @impl true
  def init({held, settings}) do
    Process.flag(:trap_exit, true)
    table = if settings.testing, do: Testing.table()
    teller = start_teller(held, settings)
    true = Native.give_to(held, self(), hook(settings.before_send, table))
    {:ok, %{held: held, settings: settings, teller: teller, waiting: %{}, stopping: false, behind_callbacks: []}}
  end

  defp hook(nil, nil), do: nil
  defp hook(before_send, table), do: %{before_send: before_send, table: table}

  defp start_teller(held, settings) do
    teller = Teller.start(held, settings)
    Process.monitor(teller)
    teller
  end

  @impl true
  def handle_call({:send, json}, from, state) do
    {token, state} = await(from, :at_once, state)
    Native.send_now(state.held, token, json)
    {:noreply, state}
  end

  def handle_call({:flush, timeout, lineage}, from, state) do
    order = if in_callback?(lineage, state), do: :at_once, else: :behind_callbacks
    {token, state} = await(from, order, state)
    Native.flush(state.held, token, timeout, order == :behind_callbacks)
    {:noreply, state}
  end

  def handle_call({:shutdown, lineage}, from, state) do
    time = state.settings.shutdown_timeout

    if in_callback?(lineage, state) do
      # The shutdown waits for this very callback, so its caller waits for the events only.
      {nobody, state} = await(nil, :at_once, state)
      Native.shutdown(state.held, nobody, time)
      {token, state} = await(from, :at_once, state)
      Native.flush(state.held, token, time, false)
      {:noreply, state}
    else
      {token, state} = await(from, :behind_callbacks, state)
      Native.shutdown(state.held, token, time)
      {:noreply, state}
    end
  end

  # A mistake of somebody else's ends nobody's client.
  def handle_call(_request, {pid, _tag} = from, state) do
    Logger.warning("klime: a client does not know what it was asked by #{inspect(pid)}, it goes on")
    GenServer.reply(from, {:error, :unknown_call})
    {:noreply, state}
  end

  @impl true
  def handle_cast(_request, state) do
    Logger.warning("klime: a client does not know what it was told by a cast, it goes on")
    {:noreply, state}
  end

  defp in_callback?(lineage, state), do: Teller.callback(state.teller) in lineage

  # Notes who waits for an answer of the core's; `nil` is this process, or nobody.
  defp await(from, order, state) do
    token = System.unique_integer([:positive])
    {token, put_in(state.waiting[token], {from, order})}
  end

  @impl true
  def handle_info({:klime, :done, token, value}, state) do
    {waiter, waiting} = Map.pop(state.waiting, token)
    {:noreply, reply(waiter, answer(value), %{state | waiting: waiting})}
  end

  def handle_info({:DOWN, _, :process, teller, _reason}, %{teller: teller} = state) do
    {:noreply, %{state | teller: start_teller(state.held, state.settings)}}
  end

  # What would end a process that traps no exits ends this one too, but not before its events are delivered.
  def handle_info({:EXIT, _pid, reason}, state) when reason != :normal, do: {:stop, reason, state}

  def handle_info(_message, state), do: {:noreply, state}

  defp reply({nil, _order}, _answer, state), do: state
  defp reply(nil, _answer, state), do: state

  # While this process stops, the core does not wait for callbacks.
  defp reply({from, :behind_callbacks}, answer, %{stopping: true} = state),
    do: %{state | behind_callbacks: [{from, answer} | state.behind_callbacks]}

  defp reply({from, _order}, answer, state) do
    GenServer.reply(from, answer)
    state
  end

  defp answer({:ok, response}), do: {:ok, BatchResponse.from_native(response)}
  # As in the official package: the request went well, the response says that the event did not.
  defp answer({:error, {:rejected, _, _, _, _, response}}) when response != nil,
    do: {:ok, BatchResponse.from_native(response)}

  defp answer({:error, error}), do: {:error, SendError.from_native(error)}
  defp answer(%{}), do: :ok

  @impl true
  def terminate(_reason, state) do
    until = now() + state.settings.stop_timeout + @time_for_callbacks
    {token, state} = await(nil, :at_once, %{state | stopping: true})
    Native.shutdown(state.held, token, state.settings.stop_timeout)
    # Now that the core takes no more events, all that it still has to tell fits in the teller's mailbox.
    Native.rush(state.held)
    state = drain(state, until)

    # The shutdown keeps its time, whatever there is still to tell. This ends behind the last notice and the last log line.
    {token, state} = await(nil, :at_once, state)
    Native.flush(state.held, token, nil, true)
    state = state |> drain(until) |> drain_callbacks(until)
    for {from, answer} <- state.behind_callbacks, do: GenServer.reply(from, answer)
  end

  defp drain_callbacks(state, until) do
    {token, state} = await(nil, :at_once, state)
    Teller.finish(state.teller, token)
    drain_callbacks(state, until, 0)
  end

  # A callback that waits for this process to end is not waited for. It and those after it run on in the teller.
  defp drain_callbacks(state, until, pause) do
    state = drain(state, min(until, now() + pause))

    cond do
      state.waiting == %{} -> state
      now() >= until -> give_up(state)
      callback_waits?(state) -> state
      true -> drain_callbacks(state, until, @pause)
    end
  end

  # Who waits for an answer has sent its question before, so with an empty mailbox all questions are known.
  defp callback_waits?(state) do
    Waiters.include?(Teller.callback(state.teller), Enum.map(state.waiting, &asker/1)) and
      Process.info(self(), :message_queue_len) == {:message_queue_len, 0}
  end

  defp give_up(state) do
    Teller.give_up(state.teller)
    state
  end

  defp asker({_token, {{pid, _tag}, _order}}), do: pid
  defp asker({_token, {nil, _order}}), do: nil

  # Goes on with what this process does until all who wait have their answers.
  defp drain(%{waiting: waiting} = state, _until) when waiting == %{}, do: state

  defp drain(state, until) do
    receive do
      {:"$gen_call", from, request} -> request |> handle_call(from, state) |> drained(until)
      message -> message |> handle_info(state) |> drained(until)
    after
      max(until - now(), 0) -> state
    end
  end

  defp drained({:noreply, state}, until), do: drain(state, until)
  defp drained({:stop, _reason, state}, until), do: drain(state, until)

  defp now, do: System.monotonic_time(:millisecond)
end
