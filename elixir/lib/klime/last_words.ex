defmodule Klime.LastWords do
  @moduledoc false
  # Logs what clients lose after their processes have ended: a client that was killed goes on in the core, for its shutdown's time.

  use GenServer

  require Logger

  alias Klime.Native

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl true
  def init(nil) do
    :ok = Native.log_here()
    {:ok, nil}
  end

  @impl true
  def handle_info({:klime, :log, level, text}, state) do
    Logger.log(level, text)
    {:noreply, state}
  end

  def handle_info(_message, state), do: {:noreply, state}
end
